#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "simclr/v1/worker_service.pb.h"
#include "worker/agent/nvml.h"
#include "worker/agent/rank_key.h"
#include "worker/agent/refused_messages.h"
#include "worker/agent/trainer_figures.h"

namespace simclr::agent {

// A log that somebody reads while it is written.
struct FollowedLog {
  RankKey key;
  std::string path;

  bool operator==(const FollowedLog&) const = default;
};

// A copy of the agent's state for its metrics.
struct AgentView {
  v1::Observed observed;
  bool connected = false;
  bool draining = false;               // takes no more work
  std::optional<absl::Time> last_ack;  // of the newest state that the coordinator answered
  std::int64_t term = 0;
  std::int64_t conflicts = 0;  // orders of a second coordinator of that term
  std::size_t spooled = 0;     // reports that wait for the coordinator
  RefusedMessages::Counts refused;
  TrainerFigures figures;
  GpuState gpus;
};

}  // namespace simclr::agent
