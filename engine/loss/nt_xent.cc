#include "engine/loss/nt_xent.h"

#include <limits>
#include <vector>

#include "engine/base/torch_autograd.h"
#include "engine/loss/similarity_tiles.h"

namespace simclr::engine {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

// A tile's rows never cross from view a to view b, so that the entries of the partners are one diagonal.
std::vector<RowRange> OwnTiles(const OwnRows& own, std::int64_t tile) {
  std::vector<RowRange> tiles = Cut(own.first, own.first + own.n, tile);
  for (const RowRange& range : Cut(own.images + own.first, own.images + own.first + own.n, tile))
    tiles.push_back(range);
  return tiles;
}

// Per own row, in the order of OwnTiles: the largest logit, the sum of exp(logit - largest), the partner's
// logit. The first two stay apart, since their sum would lose the digits that a large logit takes.
struct RowSums {
  at::Tensor largest, sum, positive;  // (2n)

  // The two large numbers cancel before the small one is added.
  at::Tensor Losses() const { return sum.log() + (largest - positive); }
};

RowSums ComputeRowSums(const at::Tensor& unit, const OwnRows& own, const NtXentOptions& options) {
  RowSums result;
  result.largest = at::full({2 * own.n}, std::numeric_limits<float>::lowest(), unit.options());
  result.sum = at::zeros({2 * own.n}, unit.options());
  result.positive = at::zeros({2 * own.n}, unit.options());
  SimilarityTiles tiles(unit, options);
  std::int64_t done = 0;
  for (const RowRange& rows : OwnTiles(own, options.tile)) {
    at::Tensor largest = result.largest.narrow(0, done, rows.size());
    at::Tensor sum = result.sum.narrow(0, done, rows.size());
    at::Tensor positive = result.positive.narrow(0, done, rows.size());
    for (const RowRange& columns : Cut(0, 2 * own.images, options.tile)) {
      at::Tensor block = tiles.Compute(rows, columns);
      tiles.SelfOf(block, rows, columns).entries.fill_(kMinusInfinity);
      const auto [partner, at] = tiles.PartnerOf(block, rows, columns);
      positive.narrow(0, at, partner.size(0)).copy_(partner);
      const at::Tensor new_largest = at::maximum(largest, block.amax(1));
      sum.mul_(largest.sub_(new_largest).exp_()).add_(block.sub_(new_largest.unsqueeze(1)).exp_().sum(1));
      largest.copy_(new_largest);
    }
    done += rows.size();
  }
  return result;
}

// The gradient of the sum of the own rows' losses with respect to the unit rows, all 2N of them, times
// `scale`. With p_ik the softmax of row i (0 for k = i) less 1 at the partner, row i gets sum_k p_ik u_k /
// tau, row k p_ik u_i / tau.
at::Tensor GradientOfUnitRows(const at::Tensor& unit, const RowSums& sums, const OwnRows& own,
                              const NtXentOptions& options, const at::Tensor& scale) {
  at::Tensor gradient = at::zeros_like(unit);
  SimilarityTiles tiles(unit, options);
  std::int64_t done = 0;
  for (const RowRange& rows : OwnTiles(own, options.tile)) {
    const at::Tensor largest = sums.largest.narrow(0, done, rows.size()).unsqueeze(1);
    const at::Tensor sum = sums.sum.narrow(0, done, rows.size());
    // The block stays unnormalised; what belongs to a whole row is applied to the thin matrices.
    const at::Tensor weight = (scale / (sum * options.temperature)).unsqueeze(1);
    const at::Tensor weighted_rows = unit.slice(0, rows.begin, rows.end) * weight;
    at::Tensor row_gradient = at::zeros_like(weighted_rows);
    for (const RowRange& columns : Cut(0, 2 * own.images, options.tile)) {
      at::Tensor block = tiles.Compute(rows, columns);
      block.sub_(largest).exp_();
      tiles.SelfOf(block, rows, columns).entries.zero_();
      const auto [partner, at] = tiles.PartnerOf(block, rows, columns);
      partner.sub_(sum.narrow(0, at, partner.size(0)));
      row_gradient.addmm_(block, unit.slice(0, columns.begin, columns.end));
      gradient.slice(0, columns.begin, columns.end).addmm_(block.t(), weighted_rows);
    }
    gradient.slice(0, rows.begin, rows.end).add_(row_gradient.mul_(weight));
    done += rows.size();
  }
  return gradient;
}

// Through u = z / |z|: what remains of the gradient is orthogonal to the row.
at::Tensor ThroughNormalization(at::Tensor gradient, const at::Tensor& unit, const at::Tensor& inverse_norm) {
  const at::Tensor along = (gradient * unit).sum(1, /*keepdim=*/true);
  return gradient.addcmul_(unit, along, -1).mul_(inverse_norm);
}

struct NtXentFunction : torch::autograd::Function<NtXentFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& all, std::int64_t first,
                            std::int64_t n, double temperature, bool normalize, std::int64_t tile) {
    const NtXentOptions options{temperature, normalize, tile};
    const OwnRows own = CheckArguments(all, first, n, options);
    const UnitRows unit = Normalize(all, normalize);
    const RowSums sums = ComputeRowSums(unit.rows, own, options);
    context->save_for_backward({unit.rows, unit.inverse_norm, sums.largest, sums.sum});
    context->saved_data["first"] = first;
    context->saved_data["n"] = n;
    context->saved_data["temperature"] = temperature;
    context->saved_data["normalize"] = normalize;
    context->saved_data["tile"] = tile;
    return sums.Losses().mean();
  }

  static tensor_list backward(AutogradContext* context, tensor_list gradients) {
    auto& data = context->saved_data;
    const NtXentOptions options{data["temperature"].toDouble(), data["normalize"].toBool(),
                                data["tile"].toInt()};
    const tensor_list saved = context->get_saved_variables();
    const OwnRows own{saved[0].size(0) / 2, data["first"].toInt(), data["n"].toInt()};
    const RowSums sums{saved[2], saved[3], {}};
    const at::Tensor scale = gradients[0] / static_cast<double>(2 * own.n);
    at::Tensor result = GradientOfUnitRows(saved[0], sums, own, options, scale);
    if (options.normalize) result = ThroughNormalization(result, saved[0], saved[1]);
    return {result, {}, {}, {}, {}, {}};
  }
};

}  // namespace

at::Tensor NtXent(const at::Tensor& all, std::int64_t first, std::int64_t n, const NtXentOptions& options) {
  // Before the function, so that autograd casts the gradient back.
  const at::Tensor rows = all.scalar_type() == at::kDouble ? all : all.to(at::kFloat);
  return NtXentFunction::apply(rows, first, n, options.temperature, options.normalize, options.tile);
}

at::Tensor NtXentRows(const at::Tensor& all, std::int64_t first, std::int64_t n,
                      const NtXentOptions& options) {
  const at::NoGradGuard no_grad;
  const OwnRows own = CheckArguments(all, first, n, options);
  return ComputeRowSums(Normalize(all, options.normalize).rows, own, options).Losses();
}

}  // namespace simclr::engine
