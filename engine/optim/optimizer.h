#pragma once

#include <memory>

#include "engine/base/named_tensor.h"
#include "engine/config/job_config.h"

namespace simclr::engine {

// One step of weights from their gradients. Parameters with one dimension or none (norm scales and offsets,
// biases) are excluded from weight decay and, in LARS, from adaptation. Not thread-safe.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // Uses each parameter's grad and leaves it as it is; the learning rate is the schedule's. Throws
  // c10::Error, as for a parameter without gradient: run it under CatchTorch.
  virtual void Step(double lr) = 0;
  // Momentum buffers, "momentum.<parameter>"; writing through them sets the state (resume).
  virtual NamedTensors State() const = 0;
};

// LARS (arXiv 1708.03888) in the order of the official SimCLR code ("classic"):
//   g' = g + wd w;  trust = eta |w| / |g'| (1 where either norm is 0);  v <- m v + lr trust g';  w <- w - v
// SGD as torch's: v <- m v + g', w <- w - lr v. Nesterov: w <- w - (m v + lr trust g'), and w <- w - lr (g' +
// m v).
std::unique_ptr<Optimizer> MakeOptimizer(const OptimizerConfig& config, const NamedTensors& parameters);

}  // namespace simclr::engine
