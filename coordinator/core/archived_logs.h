#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr::coordinator {

// Which logs of ended ranks agents have brought to the artifact root lately, and from which offset on. An
// observation: after a restart the files themselves tell it. Thread-safe.
class ArchivedLogs {
 public:
  struct Key {
    std::string job_id;
    int attempt = 0;
    std::string nonce;
    int rank = 0;

    auto operator<=>(const Key&) const = default;  // NOLINT(modernize-use-nullptr): of the compiler's own 0
  };
  struct Log {
    std::int64_t base_offset = 0;  // of the file's first byte in the log
    std::int64_t bytes = 0;
  };

  // Of more than `capacity` the oldest are forgotten.
  explicit ArchivedLogs(std::size_t capacity = 10'000) : capacity_(capacity) {}

  void Note(const v1::LogArchivedRequest& request);
  std::optional<Log> Find(const Key& key) const;

 private:
  const std::size_t capacity_;
  mutable absl::Mutex mutex_;
  std::map<Key, Log> logs_ ABSL_GUARDED_BY(mutex_);
  std::deque<Key> order_ ABSL_GUARDED_BY(mutex_);  // of their coming
};

}  // namespace simclr::coordinator
