#include <limits>
#include <tuple>

#include "engine/loss/nt_xent.h"
#include "engine/loss/similarity_tiles.h"

namespace simclr::engine {
namespace {

// Of the rows of a tile: whether the best candidate is the partner, and the entropy over the candidates.
struct TileMetrics {
  at::Tensor right, entropy;
};

TileMetrics MeasureTile(SimilarityTiles& tiles, RowRange rows, std::int64_t images, std::int64_t tile,
                        const at::TensorOptions& type) {
  at::Tensor largest = at::full({rows.size()}, std::numeric_limits<float>::lowest(), type);
  at::Tensor sum = at::zeros({rows.size()}, type);
  at::Tensor best = at::zeros({rows.size()}, type.dtype(at::kLong));
  for (const RowRange& columns : Cut(images, 2 * images, tile)) {
    at::Tensor block = tiles.Compute(rows, columns);
    const auto [value, index] = block.max(1);
    best = at::where(value > largest, index + columns.begin, best);
    const at::Tensor new_largest = at::maximum(largest, value);
    sum.mul_(largest.sub_(new_largest).exp_()).add_(block.sub_(new_largest.unsqueeze(1)).exp_().sum(1));
    largest = new_largest;
  }
  at::Tensor entropy = at::zeros({rows.size()}, type);
  for (const RowRange& columns : Cut(images, 2 * images, tile)) {
    at::Tensor p = tiles.Compute(rows, columns).sub_(largest.unsqueeze(1)).exp_().div_(sum.unsqueeze(1));
    entropy.sub_(p.mul_((p + 1e-8).log_()).sum(1));
  }
  const at::Tensor partner = at::arange(rows.begin + images, rows.end + images, best.options());
  return {best == partner, entropy};
}

}  // namespace

ContrastMetrics MeasureContrast(const at::Tensor& all, std::int64_t first, std::int64_t n,
                                const NtXentOptions& options) {
  const at::NoGradGuard no_grad;
  const OwnRows own = CheckArguments(all, first, n, options);
  const UnitRows unit = Normalize(all, options.normalize);
  SimilarityTiles tiles(unit.rows, options);
  at::Tensor right = at::zeros({}, unit.rows.options().dtype(at::kDouble));
  at::Tensor entropy = at::zeros_like(right);
  for (const RowRange& rows : Cut(first, first + n, options.tile)) {
    const TileMetrics tile = MeasureTile(tiles, rows, own.images, options.tile, unit.rows.options());
    right += tile.right.sum();
    entropy += tile.entropy.sum(at::kDouble);
  }
  return {right.item<double>() / static_cast<double>(n), entropy.item<double>() / static_cast<double>(n)};
}

}  // namespace simclr::engine
