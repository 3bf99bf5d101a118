#pragma once

#include <cmath>

#include "engine/base/torch.h"

namespace simclr::engine {

// RankMe (arXiv 2210.02885): exp of the entropy of the singular values of a float64 matrix (n, D) on the CPU,
// each as its share of their sum. min(n, D) where all are equal, 1 for a matrix of rank one. Pure.
inline double EffectiveRank(const at::Tensor& rows) {
  // The singular values from the smaller Gram matrix: n or D on a side, not both.
  const at::Tensor gram = rows.size(0) < rows.size(1) ? rows.mm(rows.t()) : rows.t().mm(rows);
  const at::Tensor values = at::linalg_eigvalsh(gram).clamp_min(0).sqrt();
  const at::Tensor share = values / values.sum().clamp_min(1e-300);
  return std::exp(-at::xlogy(share, share).sum().item<double>());
}

}  // namespace simclr::engine
