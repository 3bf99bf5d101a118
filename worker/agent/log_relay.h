#pragma once

#include <cstdint>
#include <map>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "worker/agent/agent_view.h"
#include "worker/agent/coordinator_client.h"

namespace simclr::agent {

struct LogRelayOptions {
  std::string worker;
  absl::Duration interval = absl::Milliseconds(500);
  std::int64_t max_push_bytes = 256 << 10;
};

// Pushes what is new in the followed logs to the coordinator, which says where to go on. A log that is
// followed no more, because nobody reads or because the trainer ended, gets one last push that says so; the
// rest of it is then in the artifact root. One thread of its own. Thread-safe.
class LogRelay {
 public:
  // `coordinator` outlives the relay.
  LogRelay(const LogRelayOptions& options, CoordinatorClient& coordinator);
  ~LogRelay();

  // `incarnation` of the agent that has the logs.
  void Follow(std::uint64_t incarnation, std::vector<FollowedLog> logs);

 private:
  void RelayAll();
  void Push(const FollowedLog& log, bool ended, std::uint64_t incarnation);

  const LogRelayOptions options_;
  CoordinatorClient& coordinator_;
  std::map<RankKey, std::int64_t> offsets_;  // of the relay's thread: what was pushed so far

  absl::Mutex mutex_;
  std::vector<FollowedLog> followed_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t incarnation_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

}  // namespace simclr::agent
