#pragma once

#include <cstdint>

#include "engine/base/torch.h"
#include "engine/eval/features.h"

namespace simclr::engine {

struct KnnOptions {
  std::int64_t k = 200;  // all of a smaller bank
  double temperature = 0.1;
  std::int64_t tile = 256;  // queries at a time: memory grows with tile x bank
};

// Each of the k neighbours gives its class exp(similarity / temperature) votes.
// similarities (q, k), labels (q, k) -> votes (q, classes).
at::Tensor WeightedVotes(const at::Tensor& similarities, const at::Tensor& labels, std::int64_t classes,
                         double temperature);

struct KnnVotes {
  at::Tensor votes;       // (q, classes)
  at::Tensor neighbours;  // (q, k): positions in the bank, most similar first
};

// Weighted k-nearest-neighbour classification by cosine similarity (Wu et al., 2018): the prediction is the
// class with the most votes. Queries must not be in the bank. float32 or float64.
KnnVotes VoteByNeighbours(const Features& bank, const at::Tensor& queries, std::int64_t classes,
                          const KnnOptions& options);

}  // namespace simclr::engine
