#pragma once

#include <cmath>

#include "engine/base/torch.h"

namespace simclr::engine {

// Wang and Isola (arXiv 2005.10242): log of the mean of exp(-2 |u_i - u_k|^2) over the pairs i < k of unit
// rows, (n, D), n > 1. 0 is a collapse to one point; rows that are spread evenly over a sphere of many
// dimensions come to -4. Takes an (n, n) matrix. Pure.
inline double Uniformity(const at::Tensor& u) {
  // |u_i - u_k|^2 = |u_i|^2 + |u_k|^2 - 2 u_i . u_k
  const at::Tensor square = u.square().sum(1);
  const at::Tensor distance = (square.unsqueeze(0) + square.unsqueeze(1)).sub_(u.mm(u.t()), 2).clamp_min_(0);
  const auto n = static_cast<double>(u.size(0));
  const double all = distance.mul_(-2).exp_().sum().item<double>();
  return std::log((all - n) / (n * (n - 1)));
}

}  // namespace simclr::engine
