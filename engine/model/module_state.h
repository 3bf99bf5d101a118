#pragma once

#include <string>
#include <vector>

#include "engine/base/torch.h"

namespace simclr::engine {

// One tensor of a module under its full name. Trained ones are parameters, the others buffers.
struct StateEntry {
  std::string name;
  at::Tensor tensor;
  bool trained = true;
};

// In the order of torchvision's state dict.
using ModuleState = std::vector<StateEntry>;

}  // namespace simclr::engine
