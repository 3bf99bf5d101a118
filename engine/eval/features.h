#pragma once

#include <cstdint>

#include "engine/base/torch.h"

namespace simclr::engine {

// Representations of the images of one split, in the order of their indices, on the CPU.
struct Features {
  at::Tensor values;            // (n, length of h), float32
  at::Tensor labels;            // (n), int64
  std::int64_t bad_images = 0;  // that could not be decoded, on all ranks together: others stand in
};

}  // namespace simclr::engine
