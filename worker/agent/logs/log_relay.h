#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "worker/agent/base/coordinator_client.h"
#include "worker/agent/base/part.h"
#include "worker/agent/base/rank_key.h"

namespace simclr::agent {

// A log that somebody reads while it is written.
struct FollowedLog {
  RankKey key;
  std::string path;

  bool operator==(const FollowedLog&) const = default;
};

struct LogRelayOptions {
  std::string worker;
  absl::Duration interval = absl::Milliseconds(500);
  std::int64_t max_push_bytes = 256 << 10;
};

// The part that pushes what is new in the followed logs to the coordinator, which says where to go on. A log
// that is followed no more, because nobody reads or because the trainer ended, gets one last push that says
// so; the rest of it is then in the artifact root. Thread-safe but for RunOnce.
class LogRelay : public Part {
 public:
  // `coordinator` outlives the relay.
  LogRelay(LogRelayOptions options, CoordinatorClient& coordinator)
      : options_(std::move(options)), coordinator_(coordinator) {}

  // `incarnation` of the agent that has the logs.
  void Follow(std::uint64_t incarnation, std::vector<FollowedLog> logs);
  absl::Duration RunOnce(absl::Duration now) override;

 private:
  void Push(const FollowedLog& log, bool ended, std::uint64_t incarnation);

  const LogRelayOptions options_;
  CoordinatorClient& coordinator_;
  // Of the part's thread:
  std::map<RankKey, std::int64_t> offsets_;  // what was pushed so far
  std::vector<FollowedLog> pushed_;          // at the last run

  absl::Mutex mutex_;
  std::vector<FollowedLog> followed_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t incarnation_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace simclr::agent
