#include "engine/train/step_consensus.h"

#include <vector>

namespace simclr::engine {

StepConsensus AgreeOnStep(const StepConsensus& mine, World& world) {
  const StepOutcome& own = mine.outcome;
  const std::vector<double> values = {own.loss,
                                      own.contrast.accuracy,
                                      own.contrast.entropy,
                                      own.gradient_norm,
                                      absl::ToDoubleSeconds(own.forward),
                                      absl::ToDoubleSeconds(own.gather),
                                      absl::ToDoubleSeconds(own.backward),
                                      absl::ToDoubleSeconds(own.reduce),
                                      absl::ToDoubleSeconds(mine.data),
                                      mine.drain ? 1.0 : 0.0,
                                      mine.save ? 1.0 : 0.0,
                                      static_cast<double>(mine.bad_images)};
  at::Tensor shared = at::tensor(values, at::kDouble).to(world.device);
  world.main->AllReduceSum(shared);
  const at::Tensor sums = shared.to(at::kCPU);
  const double* sum = sums.data_ptr<double>();
  const int ranks = world.size();

  StepConsensus all;
  all.outcome.loss = sum[0] / ranks;
  all.outcome.contrast.accuracy = sum[1] / ranks;
  all.outcome.contrast.entropy = sum[2] / ranks;
  all.outcome.gradient_norm = sum[3] / ranks;
  all.outcome.forward = absl::Seconds(sum[4] / ranks);
  all.outcome.gather = absl::Seconds(sum[5] / ranks);
  all.outcome.backward = absl::Seconds(sum[6] / ranks);
  all.outcome.reduce = absl::Seconds(sum[7] / ranks);
  all.data = absl::Seconds(sum[8] / ranks);
  all.drain = sum[9] > 0;
  all.save = sum[10] > 0;
  all.bad_images = static_cast<std::int64_t>(sum[11]);
  return all;
}

}  // namespace simclr::engine
