#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "engine/base/torch.h"

namespace simclr::engine {

enum class Fan { kIn, kOut };

// Where modules get their initial weights from: the full name of the tensor and its shape (out, in, ...).
using WeightSource = std::function<at::Tensor(const std::string& name, at::IntArrayRef shape, Fan fan)>;

// Normal with variance 2 / fan (He et al., 2015), keyed by (seed, name): independent of the order in which
// modules are made, of the rank and of the thread count. fp32.
WeightSource HeNormal(std::uint64_t seed);

}  // namespace simclr::engine
