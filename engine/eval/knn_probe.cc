#include "engine/eval/knn_probe.h"

#include <algorithm>
#include <tuple>
#include <vector>

namespace simclr::engine {
namespace {

at::Tensor Normalized(const at::Tensor& rows) {
  return rows / at::linalg_vector_norm(rows, 2, {1}, /*keepdim=*/true).clamp_min(1e-12);
}

}  // namespace

at::Tensor WeightedVotes(const at::Tensor& similarities, const at::Tensor& labels, std::int64_t classes,
                         double temperature) {
  at::Tensor votes = at::zeros({similarities.size(0), classes}, similarities.options());
  return votes.scatter_add_(1, labels, (similarities / temperature).exp());
}

KnnVotes VoteByNeighbours(const Features& bank, const at::Tensor& queries, std::int64_t classes,
                          const KnnOptions& options) {
  const at::NoGradGuard no_grad;
  const at::Tensor keys = Normalized(bank.values).t().contiguous();
  const std::int64_t k = std::min(options.k, keys.size(1));
  std::vector<at::Tensor> votes, neighbours;
  for (const at::Tensor& tile : Normalized(queries).split(options.tile)) {
    const auto [similarities, positions] = at::topk(at::mm(tile, keys), k, 1);
    votes.push_back(WeightedVotes(similarities,
                                  bank.labels.index_select(0, positions.flatten()).view_as(positions),
                                  classes, options.temperature));
    neighbours.push_back(positions);
  }
  return {at::cat(votes), at::cat(neighbours)};
}

}  // namespace simclr::engine
