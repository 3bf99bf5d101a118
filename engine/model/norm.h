#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/config/job_config.h"
#include "engine/distributed/collective.h"
#include "engine/model/module_state.h"

namespace simclr::engine {

// A normalisation layer over (N, C, H, W) or (N, C), with scale and offset a channel, eps 1e-5. Computes in
// fp32 inside and returns the type of its input. Not thread-safe.
class Norm {
 public:
  virtual ~Norm() = default;

  virtual at::Tensor Forward(const at::Tensor& x, bool training) = 0;
  virtual void AppendState(const std::string& prefix, ModuleState& state) const = 0;
};

struct NormOptions {
  std::int64_t channels = 0;
  double scale = 1;            // initial value of the weight
  bool trained_offset = true;  // false: the bias is a buffer that stays 0
};

// global-bn: over all ranks of `group`. local-bn: over the own batch. layer-norm: a sample's C, H, W (or
// features) as one group, the same in training and evaluation. none: null.
std::unique_ptr<Norm> MakeNorm(NormKind kind, const NormOptions& options, Collective& group);

}  // namespace simclr::engine
