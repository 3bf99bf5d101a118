#include "engine/train/checkpoint_cadence.h"

namespace simclr::engine {

bool EpochCheckpointDue(const CheckpointConfig& config, std::int64_t step, std::int64_t steps_per_epoch,
                        std::int64_t total_steps) {
  if (step == total_steps) return true;
  return config.every_epochs > 0 && step % (config.every_epochs * steps_per_epoch) == 0;
}

bool TimedCheckpointDue(const CheckpointConfig& config, absl::Duration since_last) {
  return config.every_minutes > 0 && since_last >= absl::Minutes(config.every_minutes);
}

}  // namespace simclr::engine
