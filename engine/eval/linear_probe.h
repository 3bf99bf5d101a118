#pragma once

#include <cstdint>

#include "engine/base/torch.h"
#include "engine/eval/features.h"

namespace simclr::engine {

struct LinearProbeOptions {
  int epochs = 90;
  int batch = 1024;
  double lr = 0.4;        // at the begin; cosine to 0 over all steps
  double momentum = 0.9;  // Nesterov
  double weight_decay = 0;
  std::uint64_t seed = 1;  // of the order of samples
};

// A linear classifier on frozen features (paper, B.6), trained by SGD on the mean cross entropy. It starts at
// zero, so its first loss is ln C. Depends on the features and the options alone. Not thread-safe.
class LinearProbe {
 public:
  // Features of `length`, of type float32 or float64.
  LinearProbe(std::int64_t length, std::int64_t classes, at::ScalarType type,
              const LinearProbeOptions& options);

  // One pass over `features` in an order of (seed, epoch), the ragged last batch included. Epochs count from
  // 0, each with the same number of samples. Returns the mean loss.
  double TrainEpoch(const Features& features, int epoch);

  // (n, length) -> (n, classes)
  at::Tensor Logits(const at::Tensor& values) const;

 private:
  // Returns the loss before the update.
  double Step(const at::Tensor& values, const at::Tensor& labels, double lr);

  const LinearProbeOptions options_;
  at::Tensor weight_, weight_momentum_;  // (classes, length)
  at::Tensor bias_, bias_momentum_;      // (classes)
};

}  // namespace simclr::engine
