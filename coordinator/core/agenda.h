#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace simclr::coordinator {

// What has to be looked at: jobs and workers of which something changed, and those whose time has come.
// Whatever is not here costs a tick nothing. Times are of the monotonic clock. Thread-safe.
class Agenda {
 public:
  void AddJob(const std::string& id) { Add({Kind::kJob, id}); }
  void AddWorker(const std::string& name) { Add({Kind::kWorker, name}); }
  // At `when`, in place of an earlier or later time that was noted of it.
  void AddJobAt(const std::string& id, absl::Duration when) { AddAt({Kind::kJob, id}, when); }
  void AddWorkerAt(const std::string& name, absl::Duration when) { AddAt({Kind::kWorker, name}, when); }

  // Makes what is due by `now` next.
  void Gather(absl::Duration now);
  std::optional<std::string> NextWorker() { return Next(Kind::kWorker); }
  std::optional<std::string> NextJob() { return Next(Kind::kJob); }

  bool HasNext() const;                           // something to look at at once
  std::optional<absl::Duration> NextDue() const;  // the earliest time that was noted

 private:
  enum class Kind { kWorker, kJob };
  using Item = std::pair<Kind, std::string>;

  void Add(const Item& item);
  void AddAt(const Item& item, absl::Duration when);
  std::optional<std::string> Next(Kind kind);

  mutable absl::Mutex mutex_;
  std::set<Item> next_ ABSL_GUARDED_BY(mutex_);
  std::map<Item, absl::Duration> due_ ABSL_GUARDED_BY(mutex_);
  std::set<std::pair<absl::Duration, Item>> by_time_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simclr::coordinator
