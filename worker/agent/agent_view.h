#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "simclr/v1/worker_service.pb.h"
#include "worker/agent/rank_key.h"

namespace simclr::agent {

// A log that somebody reads while it is written.
struct FollowedLog {
  RankKey key;
  std::string path;

  bool operator==(const FollowedLog&) const = default;
};

// A copy of the agent's state for those who only look: metrics, probes, the log relay.
struct AgentView {
  v1::Observed observed;
  bool connected = false;
  std::int64_t term = 0;
  std::map<RankKey, v1::StepMetrics> newest_metrics;  // of live trainers
  std::map<v1::FailureClass, std::int64_t> exits;     // since the agent's start
  std::size_t spooled = 0;                            // reports that wait for the coordinator
  std::vector<FollowedLog> followed;
};

}  // namespace simclr::agent
