#include "engine/eval/standardizer.h"

#include <algorithm>

namespace simclr::engine {
namespace {

// Rows that are held in float64 at once.
constexpr std::int64_t kChunk = 65536;

}  // namespace

Standardizer::Standardizer(const at::Tensor& values) {
  const at::NoGradGuard no_grad;
  const auto n = static_cast<double>(values.size(0));
  mean_ = at::zeros({values.size(1)}, at::kDouble);
  for (const at::Tensor& rows : values.split(kChunk)) mean_ += rows.to(at::kDouble).sum(0) / n;
  at::Tensor variance = at::zeros_like(mean_);
  for (const at::Tensor& rows : values.split(kChunk))
    variance += (rows.to(at::kDouble) - mean_).square_().sum(0) / n;
  const at::Tensor deviation = variance.sqrt();
  // Rounding leaves a constant feature with a deviation far below the last digit of its mean.
  const at::Tensor constant = deviation <= mean_.abs() * 1e-7;
  scale_ = at::where(constant, at::ones_like(deviation), deviation.reciprocal());
}

at::Tensor Standardizer::Apply(const at::Tensor& values) const {
  const at::NoGradGuard no_grad;
  at::Tensor result = at::empty_like(values);
  for (std::int64_t first = 0; first < values.size(0); first += kChunk) {
    const std::int64_t end = std::min(first + kChunk, values.size(0));
    result.slice(0, first, end).copy_((values.slice(0, first, end).to(at::kDouble) - mean_).mul_(scale_));
  }
  return result;
}

}  // namespace simclr::engine
