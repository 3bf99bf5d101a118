#pragma once

#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"

namespace simclr::agent {

// Which call that may block a part has under way, and since when: other threads look at it. Thread-safe.
class CallWatch {
 public:
  struct Blocked {
    std::string what;  // does not answer: "storage"
    absl::Duration since;
  };

  // `clock` outlives it.
  explicit CallWatch(const Clock& clock) : clock_(clock) {}

  // The call of `what` is under way while this lives; one at a time.
  class Call {
   public:
    Call(CallWatch& watch, std::string what) : watch_(watch) { watch_.Begin(std::move(what)); }
    ~Call() { watch_.End(); }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

   private:
    CallWatch& watch_;
  };

  // The call that is under way for `limit` or longer.
  std::optional<Blocked> Find(absl::Duration limit) const {
    absl::MutexLock lock(&mutex_);
    if (!begun_.has_value()) return std::nullopt;
    const absl::Duration since = clock_.Monotonic() - *begun_;
    return since < limit ? std::nullopt : std::optional(Blocked{what_, since});
  }

 private:
  void Begin(std::string what) {
    absl::MutexLock lock(&mutex_);
    what_ = std::move(what);
    begun_ = clock_.Monotonic();
  }
  void End() {
    absl::MutexLock lock(&mutex_);
    begun_.reset();
  }

  const Clock& clock_;
  mutable absl::Mutex mutex_;
  std::string what_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Duration> begun_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simclr::agent
