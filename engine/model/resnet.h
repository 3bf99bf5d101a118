#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/config/job_config.h"
#include "engine/distributed/collective.h"
#include "engine/model/module_state.h"
#include "engine/model/weight_init.h"

namespace simclr::engine {

// What a name and a width mean.
struct ResNetShape {
  bool bottleneck = false;          // blocks of three convolutions, output 4 times as wide as the stage
  std::vector<int> blocks;          // a stage each
  std::int64_t base_channels = 64;  // of the first stage; each stage doubles it

  std::int64_t features() const { return base_channels * 8 * (bottleneck ? 4 : 1); }
};

// INVALID_ARGUMENT for an unknown name or a width outside of [1/64, 16].
absl::StatusOr<ResNetShape> ResNetShapeOf(const std::string& encoder, double width);

// torchvision's ResNet (stride in the 3x3 convolution of a bottleneck) without fc, all channels scaled. Stem:
// 7x7 stride 2 and max-pool, or 3x3 stride 1 alone. Names and order of tensors are torchvision's. Not
// thread-safe.
class ResNet {
 public:
  ResNet(const ResNetShape& shape, const ModelConfig& config, const WeightSource& weights,
         Collective& norm_group);
  ~ResNet();

  // (m, 3, H, W) -> (m, features): the mean over the last map, in fp32 at least.
  at::Tensor Forward(const at::Tensor& images, bool training);
  void AppendState(ModuleState& state) const;
  std::int64_t features() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace simclr::engine
