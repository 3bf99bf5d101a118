#pragma once

#include <cmath>

#include "engine/base/torch.h"

namespace simclr::engine {

// The standard deviation of a coordinate of unit rows, (n, D), mean over the coordinates, times sqrt(D): 1
// for rows that point everywhere evenly, 0 for a collapse (SimSiam, arXiv 2011.10566, figure 2). Pure.
inline double NormalizedStd(const at::Tensor& u) {
  const at::Tensor variance = (u - u.mean(0)).square().mean(0);
  return variance.sqrt().mean().item<double>() * std::sqrt(static_cast<double>(u.size(1)));
}

}  // namespace simclr::engine
