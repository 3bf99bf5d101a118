#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/base/torch.h"

namespace simclr::oracle {

// The formula numbers of the oracles: rebuilt from integers, equal on every platform
// (tests/golden/oracles/README.md).
std::uint64_t Fnv1a64(absl::string_view text);
std::uint64_t Mix64(std::uint64_t x);

// Element k (C order) of noise(seed, name): in [-1, 1), exact in float32.
double Noise(std::uint64_t seed, absl::string_view name, std::uint64_t k);
// All elements, float64.
at::Tensor Noise(std::uint64_t seed, absl::string_view name, at::IntArrayRef shape);

// The state-dict entry `name` by the formula "weights" of the topics encoders and parity_run; float64 that is
// exact in float32 (num_batches_tracked: an int64 0). `bottleneck`: the residual blocks have three
// convolutions (depth >= 50).
at::Tensor FormulaState(std::uint64_t seed, const std::string& name, at::IntArrayRef shape, bool bottleneck);

// The row that the rule "summary" compares: sum, sum of squares, first five values in C order; float64,
// computed there.
at::Tensor Summary(const at::Tensor& tensor);

}  // namespace simclr::oracle
