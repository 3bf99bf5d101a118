#include "engine/train/step_consensus.h"

#include <vector>

namespace simclr::engine {

StepConsensus AgreeOnStep(const StepConsensus& mine, World& world) {
  const StepOutcome& own = mine.outcome;
  const std::vector<double> values = {own.loss,
                                      own.contrast.accuracy,
                                      own.contrast.accuracy_top5,
                                      own.contrast.entropy,
                                      own.gradient_norm,
                                      mine.drain ? 1.0 : 0.0,
                                      mine.save ? 1.0 : 0.0,
                                      static_cast<double>(mine.bad_images)};
  at::Tensor shared = at::tensor(values, at::kDouble).to(world.device);
  world.main->AllReduceSum(shared);
  const at::Tensor sums = shared.to(at::kCPU);
  const double* sum = sums.data_ptr<double>();
  const int ranks = world.size();

  StepConsensus all = mine;
  all.outcome.loss = sum[0] / ranks;
  all.outcome.contrast = {sum[1] / ranks, sum[2] / ranks, sum[3] / ranks};
  all.outcome.gradient_norm = sum[4] / ranks;
  all.drain = sum[5] > 0;
  all.save = sum[6] > 0;
  all.bad_images = static_cast<std::int64_t>(sum[7]);
  return all;
}

}  // namespace simclr::engine
