#pragma once

#include "engine/train/train_step.h"
#include "engine/train/world.h"

namespace simclr::engine {

// What the ranks tell each other once a step, in one small all-reduce: loss, contrastive metrics and gradient
// norm become means over ranks, and a wish of any rank becomes the decision of all, so that they stop or save
// after the same step. Durations and collapse gauges stay those of the rank.
struct StepConsensus {
  StepOutcome outcome;
  std::int64_t bad_images = 0;  // in the batch of this rank; in the global batch afterwards
  bool drain = false;           // stop after this step
  bool save = false;            // write a checkpoint after this step
};

// A collective call; throws what LibTorch throws. A loss that is not finite on one rank is so on all
// afterwards.
StepConsensus AgreeOnStep(const StepConsensus& mine, World& world);

}  // namespace simclr::engine
