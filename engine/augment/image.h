#pragma once

#include <cstdint>
#include <vector>

namespace simclr::engine {

// Decoded pixels: 8 bits, RGB interleaved, rows from the top (height x width x 3).
struct Image {
  int height = 0;
  int width = 0;
  std::vector<std::uint8_t> pixels;
};

// Float pixels, planar RGB: 3 x height x width, nominally in [0, 1]. Borrowed; the caller owns the memory.
struct PlanarView {
  float* data = nullptr;
  int height = 0;
  int width = 0;
};

}  // namespace simclr::engine
