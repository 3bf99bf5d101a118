#pragma once

#include "engine/base/torch.h"

namespace simclr::engine {

// Representations of the images of one split, in the order of their indices, on the CPU.
struct Features {
  at::Tensor values;  // (n, length of h), float32
  at::Tensor labels;  // (n), int64
};

}  // namespace simclr::engine
