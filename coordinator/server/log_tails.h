#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "coordinator/core/desired_state.h"

namespace simclr::coordinator {

struct LogTailsOptions {
  std::size_t buffer_bytes = 4 << 20;       // a rank; the oldest bytes are dropped
  std::size_t full_push_bytes = 256 << 10;  // a shorter push means that the agent has no more for now
};

// Live logs of running ranks that somebody reads. The first reader has the agent push (by `set_followed`),
// the last one ends it; these calls come one at a time and must not call back. Thread-safe.
class LogTails {
 public:
  LogTails(const LogTailsOptions& options, std::function<void(const FollowedRank&, bool)> set_followed)
      : options_(options), set_followed_(std::move(set_followed)) {}

  // While it lives, the rank's log is followed.
  class Reader {
   public:
    Reader(LogTails& tails, FollowedRank rank);
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    struct Piece {
      std::string data;
      std::int64_t offset = 0;
      bool caught_up = false;  // nothing more was there at the agent's last push
    };
    // What lies after `offset`; waits for it, at most `timeout`. Bytes that were dropped are skipped.
    Piece Wait(std::int64_t offset, absl::Duration timeout) const;

   private:
    LogTails& tails_;
    const FollowedRank rank_;
  };

  // Takes a push and says where the next one should start.
  std::int64_t Push(const FollowedRank& rank, std::int64_t offset, absl::string_view data);

 private:
  struct Tail {
    int readers = 0;
    std::int64_t start = 0;  // offset of buffer's first byte
    std::string buffer;
    bool caught_up = false;
    std::int64_t end() const { return start + static_cast<std::int64_t>(buffer.size()); }
  };

  const LogTailsOptions options_;
  const std::function<void(const FollowedRank&, bool)> set_followed_;
  absl::Mutex mutex_;
  std::map<FollowedRank, Tail> tails_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simclr::coordinator
