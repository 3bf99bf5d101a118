#pragma once

#include <string>
#include <vector>

#include "engine/base/torch.h"

namespace simclr::engine {

// A tensor under the name that it has in torchvision's state dict, such as "layer1.0.bn1.running_mean".
// Copies share storage with the model: writing through one changes the model.
struct NamedTensor {
  std::string name;
  at::Tensor tensor;
};

using NamedTensors = std::vector<NamedTensor>;

}  // namespace simclr::engine
