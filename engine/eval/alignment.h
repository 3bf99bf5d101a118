#pragma once

#include "engine/base/torch.h"

namespace simclr::engine {

// Wang and Isola (arXiv 2005.10242): the mean of |a_i - b_i|^2 over the positive pairs of unit rows, (n, D)
// each. 0 where both views of every image coincide, 2 for pairs at right angles, 4 at most. Pure.
inline double Alignment(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).square().sum(1).mean().item<double>();
}

}  // namespace simclr::engine
