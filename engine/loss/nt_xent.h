#pragma once

#include <cstdint>

#include "engine/base/torch.h"

namespace simclr::engine {

// Every function of this file throws as LibTorch does, also for arguments out of range: run it under
// CatchTorch. Thread-safe.

struct NtXentOptions {
  double temperature = 0.1;
  bool normalize = true;    // l2-normalise rows (cosine similarity); the paper's loss
  std::int64_t tile = 512;  // rows and columns a tile: extra memory is O(N D + tile^2), never O(N^2)
};

// NT-Xent (arXiv 2002.05709, section 2.1). `all` holds the embeddings of the whole global batch as 2N rows,
// all views a and then all views b; row i's partner is (i + N) mod 2N. The rows of this rank are [first,
// first + n) of each half. Per row i:   l_i = log sum over k != i of exp(s_ik / tau)  -  s_i,partner / tau,
// s = cosine.
//
// Returns the mean of l_i over the 2n own rows (a scalar with grad to `all`; the paper's value where n = N).
// Backward is exact: `all` receives the gradient of the own rows' mean with respect to every row. With
// several ranks, gather with GatherWithGrad and average parameter gradients over ranks; where ranks own
// different numbers of images, multiply by W n / N first. float32 or float64; bf16 is computed in float32. A
// row of zeros stays zero and gets a zero gradient.
at::Tensor NtXent(const at::Tensor& all, std::int64_t first, std::int64_t n, const NtXentOptions& options);

// The l_i themselves: the n own rows of view a, then those of view b. No gradient.
at::Tensor NtXentRows(const at::Tensor& all, std::int64_t first, std::int64_t n,
                      const NtXentOptions& options);

struct ContrastMetrics {
  double accuracy = 0;       // the partner is the most similar of the other view's N candidates
  double accuracy_top5 = 0;  // it is among the five most similar; chance is 5 / N
  double entropy = 0;        // mean over rows of -sum p log(p + 1e-8), p = softmax over those candidates
};

// The official code's metrics over the own rows of view a, against view b; of equal candidates the first in
// the batch counts as the more similar, as argmax has it. No gradient.
ContrastMetrics MeasureContrast(const at::Tensor& all, std::int64_t first, std::int64_t n,
                                const NtXentOptions& options);

}  // namespace simclr::engine
