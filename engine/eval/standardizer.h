#pragma once

#include "engine/base/torch.h"

namespace simclr::engine {

// Puts every feature on the scale of a training split: zero mean and unit deviation over its samples (a
// feature that is constant there only loses its mean). A linear classifier can express the same functions
// before and after, but gradient descent with a fixed learning rate reaches them only where the scale is
// sane: the features of a random encoder are more than ten times smaller than a trained one's, and without
// this the baseline would look worse than it is. Thread-compatible.
class Standardizer {
 public:
  // From (n, length) values; sums are taken in float64.
  explicit Standardizer(const at::Tensor& values);

  // (m, length), of the same type.
  at::Tensor Apply(const at::Tensor& values) const;

 private:
  at::Tensor mean_;
  at::Tensor scale_;  // 1 / deviation
};

}  // namespace simclr::engine
