#pragma once

#include "engine/base/torch.h"

namespace simclr::engine {

// How far the embeddings are from a collapse. The formulas stand in the headers named after them.
struct CollapseGauges {
  double positive_similarity = 0;
  double negative_similarity = 0;
  double alignment = 0;
  double uniformity = 0;      // of the embeddings of view a
  double embedding_std = 0;   // of z
  double feature_std = 0;     // of h
  double effective_rank = 0;  // of the embeddings of view a, not normalised
};

// `embeddings` are (2N, D), views a of the batch and then views b (N = 1 gives NaN where pairs are compared);
// `features` are (m, length of h). Of either, the first 512 rows of a view are enough, so that the cost does
// not grow with the batch. No gradient; any device and float type.
CollapseGauges MeasureCollapse(const at::Tensor& embeddings, const at::Tensor& features);

}  // namespace simclr::engine
