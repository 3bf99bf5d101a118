#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "engine/config/job_config.h"

namespace simclr::engine {

// Whether `step` finished steps end an epoch after which a checkpoint is due; the last step of a run always
// is one.
bool EpochCheckpointDue(const CheckpointConfig& config, std::int64_t step, std::int64_t steps_per_epoch,
                        std::int64_t total_steps);

// Whether the last checkpoint is so old that the next step must save. Clocks differ, so one rank asks and
// tells.
bool TimedCheckpointDue(const CheckpointConfig& config, absl::Duration since_last);

}  // namespace simclr::engine
