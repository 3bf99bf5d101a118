#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "simclr/v1/worker_service.pb.h"
#include "worker/agent/archive/archive.h"
#include "worker/agent/base/refused_messages.h"
#include "worker/agent/control/trainer_figures.h"
#include "worker/agent/outbox/outbox.h"
#include "worker/agent/probes/nvml.h"

namespace simclr::agent {

// A copy of the agent's state for its metrics.
struct AgentView {
  v1::Observed observed;
  bool connected = false;
  bool draining = false;               // takes no more work
  std::optional<absl::Time> last_ack;  // of the newest state that the coordinator answered
  std::int64_t term = 0;
  std::int64_t conflicts = 0;  // orders of a second coordinator of that term
  Outbox::Figures outbox;
  Archive::Figures archive;
  std::map<std::string, absl::Duration> blocked;   // since when the call of a part has no answer, by part
  std::map<std::string, std::int64_t> free_bytes;  // by name of the disk
  std::size_t stuck = 0;                           // trainers that were killed and are still there
  RefusedMessages::Counts refused;
  TrainerFigures figures;
  GpuState gpus;
};

}  // namespace simclr::agent
