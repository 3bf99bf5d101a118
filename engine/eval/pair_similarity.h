#pragma once

#include "engine/base/torch.h"

namespace simclr::engine {

struct PairSimilarity {
  double positive = 0;  // mean over images of a_i . b_i
  double negative = 0;  // mean of u_i . u_k over the 2n rows u = (a; b), k neither i nor its partner
};

// Mean cosine similarities of unit rows a and b, (n, D) each, n > 1. As training goes on the first rises and
// the second stays near 0; both near 1 are a collapse. The sum over all pairs is |sum of u|^2, so that no
// matrix of similarities is needed. Pure.
inline PairSimilarity MeasurePairSimilarity(const at::Tensor& a, const at::Tensor& b) {
  const auto n = static_cast<double>(a.size(0));
  const double positives = (a * b).sum().item<double>();
  const double own = a.square().sum().item<double>() + b.square().sum().item<double>();
  const double all = (a.sum(0) + b.sum(0)).square().sum().item<double>();
  return {positives / n, (all - own - 2 * positives) / (2 * n * (2 * n - 2))};
}

}  // namespace simclr::engine
