#include "engine/eval/standardizer.h"

namespace simclr::engine {

Standardizer::Standardizer(const at::Tensor& values) {
  const at::NoGradGuard no_grad;
  const at::Tensor exact = values.to(at::kDouble);
  mean_ = exact.mean(0);
  const at::Tensor deviation = (exact - mean_).square().mean(0).sqrt();
  // Rounding leaves a constant feature with a deviation far below the last digit of its mean.
  const at::Tensor constant = deviation <= mean_.abs() * 1e-7;
  scale_ = at::where(constant, at::ones_like(deviation), deviation.reciprocal());
}

at::Tensor Standardizer::Apply(const at::Tensor& values) const {
  const at::NoGradGuard no_grad;
  return ((values.to(at::kDouble) - mean_) * scale_).to(values.scalar_type());
}

}  // namespace simclr::engine
