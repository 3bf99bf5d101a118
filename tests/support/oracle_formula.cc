#include "tests/support/oracle_formula.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/match.h"

namespace simclr::oracle {
namespace {

std::uint64_t NoiseStart(std::uint64_t seed, absl::string_view name) {
  return Mix64(seed ^ Fnv1a64(name));
}

double NoiseAt(std::uint64_t start, std::uint64_t k) {
  return static_cast<double>(Mix64(start + (k + 1) * 0x9E3779B97F4A7C15ULL) >> 40) * 0x1p-23 - 1.0;
}

at::Tensor RoundToFloat(const at::Tensor& x) {
  return x.to(at::kFloat).to(at::kDouble);
}

}  // namespace

std::uint64_t Fnv1a64(absl::string_view text) {
  std::uint64_t h = 0xCBF29CE484222325ULL;
  for (const unsigned char c : text) h = (h ^ c) * 0x100000001B3ULL;
  return h;
}

std::uint64_t Mix64(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

double Noise(std::uint64_t seed, absl::string_view name, std::uint64_t k) {
  return NoiseAt(NoiseStart(seed, name), k);
}

at::Tensor Noise(std::uint64_t seed, absl::string_view name, at::IntArrayRef shape) {
  at::Tensor result = at::empty(shape, at::kDouble);
  const std::uint64_t start = NoiseStart(seed, name);
  double* const values = result.data_ptr<double>();
  for (std::int64_t k = 0; k < result.numel(); ++k) values[k] = NoiseAt(start, static_cast<std::uint64_t>(k));
  return result;
}

at::Tensor FormulaState(std::uint64_t seed, const std::string& name, at::IntArrayRef shape, bool bottleneck) {
  if (absl::EndsWith(name, "num_batches_tracked")) return at::zeros(shape, at::kLong);
  const at::Tensor n = Noise(seed, name, shape);
  if (shape.size() > 1) {
    const std::int64_t fan_in = n.numel() / shape[0];
    return RoundToFloat(std::sqrt(6.0 / static_cast<double>(fan_in)) * n);
  }
  if (absl::EndsWith(name, "bias") || absl::EndsWith(name, "running_mean")) return RoundToFloat(0.1 * n);
  const at::Tensor scale = 1.0 + 0.2 * n;
  const bool ends_block =
      absl::StartsWith(name, "layer") && absl::EndsWith(name, bottleneck ? ".bn3.weight" : ".bn2.weight");
  return RoundToFloat(ends_block ? 0.25 * scale : scale);
}

at::Tensor Summary(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.detach().cpu().to(at::kDouble).contiguous().flatten();
  const std::int64_t first = std::min<std::int64_t>(flat.numel(), 5);
  at::Tensor row = at::zeros({7}, at::kDouble);
  row[0] = flat.sum();
  row[1] = flat.square().sum();
  row.narrow(0, 2, first).copy_(flat.narrow(0, 0, first));
  return row;
}

}  // namespace simclr::oracle
