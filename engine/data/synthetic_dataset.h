#pragma once

#include <cstdint>
#include <memory>

#include "engine/data/dataset.h"

namespace simclr::engine {

struct SyntheticOptions {
  std::int64_t train = 5000;
  std::int64_t test = 1000;
  std::uint64_t seed = 1;
  int size = 32;  // pixels a side
};

// Procedural images of ten patterns (stripes, rings, dots, ...), upright up to a small tilt. Colour,
// position, scale, light and background are drawn anew for every image, so that raw pixels say next to
// nothing about the class and the representation matters. The same on every machine: an image depends on
// seed, split and index alone. `split` is train or test. Thread-safe.
std::shared_ptr<const Dataset> MakeSyntheticDataset(const SyntheticOptions& options,
                                                    const std::string& split);

}  // namespace simclr::engine
