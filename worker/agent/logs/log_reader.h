#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "simclr/v1/worker_service.pb.h"
#include "worker/agent/base/part.h"
#include "worker/agent/base/rank_key.h"

namespace simclr::agent {

// A log that lies on this node: of a trainer that runs, or of one whose log is not yet in the artifact root.
struct LocalLog {
  std::string path;
  bool ended = false;  // nothing is written any more

  bool operator==(const LocalLog&) const = default;
};

struct LogReaderOptions {
  std::int64_t piece_bytes = 512 << 10;
  absl::Duration look_interval = absl::Milliseconds(100);  // at logs for whose next byte somebody waits
  absl::Duration max_wait = absl::Seconds(30);
  std::size_t max_waiting = 256;  // questions; more are not answered
};

// The part that answers what the coordinator asks of logs, from the files themselves: nothing is kept for a
// reader. Thread-safe but for RunOnce.
class LogReader : public Part {
 public:
  // `answer` is called on the part's thread; it must not block.
  LogReader(LogReaderOptions options, std::function<void(v1::LogPiece)> answer)
      : options_(options), answer_(std::move(answer)) {}

  // All logs that are here.
  void SetLogs(std::map<RankKey, LocalLog> logs);
  void Ask(const v1::LogWanted& wanted);

  absl::Duration RunOnce(absl::Duration now) override;

 private:
  struct Question {
    v1::LogWanted wanted;
    absl::Duration until = -absl::InfiniteDuration();  // it waits for a byte
  };

  // The piece that answers it; without data where that has to be waited for.
  v1::LogPiece Read(const v1::LogWanted& wanted, const std::map<RankKey, LocalLog>& logs) const;

  const LogReaderOptions options_;
  const std::function<void(v1::LogPiece)> answer_;
  std::deque<Question> waiting_;  // of the part's thread

  absl::Mutex mutex_;
  std::map<RankKey, LocalLog> logs_ ABSL_GUARDED_BY(mutex_);
  std::deque<v1::LogWanted> asked_ ABSL_GUARDED_BY(mutex_);
};

// A piece of the log at `path`: at most `max_bytes` from `wanted` offset on, or from where its last lines
// begin, or from the first byte that rotation left. With offset, data and at_end. NOT_FOUND: no such file.
absl::StatusOr<v1::LogPiece> ReadLogPiece(const std::string& path, const v1::LogWanted& wanted,
                                          std::int64_t max_bytes);

}  // namespace simclr::agent
