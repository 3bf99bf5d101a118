#pragma once

#include "engine/train/train_step.h"
#include "engine/train/world.h"

namespace simclr::engine {

// What the ranks tell each other once a step, in one small all-reduce: measurements become means over ranks,
// and a wish of any rank becomes the decision of all, so that they stop or save after the same step.
struct StepConsensus {
  StepOutcome outcome;
  absl::Duration data;          // waiting for the batch
  std::int64_t bad_images = 0;  // that this rank could not decode so far; of all ranks together afterwards
  bool drain = false;           // stop after this step
  bool save = false;            // write a checkpoint after this step
};

// A collective call; throws what LibTorch throws. A loss that is not finite on one rank is so on all
// afterwards.
StepConsensus AgreeOnStep(const StepConsensus& mine, World& world);

}  // namespace simclr::engine
