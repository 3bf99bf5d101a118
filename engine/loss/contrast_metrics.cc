#include <limits>
#include <tuple>

#include "engine/loss/nt_xent.h"
#include "engine/loss/similarity_tiles.h"

namespace simclr::engine {
namespace {

// Of the rows of a tile: the number of candidates that are ahead of the partner, and the entropy over all.
struct TileMetrics {
  at::Tensor rank, entropy;
};

// Per row of a tile: the largest logit, the sum of exp(logit - largest), the partner's logit.
struct TileSums {
  at::Tensor largest, sum, positive;
};

TileSums SumTile(SimilarityTiles& tiles, RowRange rows, std::int64_t images, std::int64_t tile,
                 const at::TensorOptions& type) {
  at::Tensor largest = at::full({rows.size()}, std::numeric_limits<float>::lowest(), type);
  at::Tensor sum = at::zeros({rows.size()}, type);
  at::Tensor positive = at::zeros({rows.size()}, type);
  for (const RowRange& columns : Cut(images, 2 * images, tile)) {
    at::Tensor block = tiles.Compute(rows, columns);
    const auto [partner, at] = tiles.PartnerOf(block, rows, columns);
    positive.narrow(0, at, partner.size(0)).copy_(partner);
    const at::Tensor new_largest = at::maximum(largest, block.amax(1));
    sum.mul_(largest.sub_(new_largest).exp_()).add_(block.sub_(new_largest.unsqueeze(1)).exp_().sum(1));
    largest = new_largest;
  }
  return {largest, sum, positive};
}

// Which candidates of a block are ahead of the partner: those that are more similar, and before it in the
// batch also those that are as similar. What is no number is ahead.
at::Tensor Ahead(const at::Tensor& block, const at::Tensor& positive, RowRange rows, RowRange columns,
                 std::int64_t images) {
  const auto whole = positive.options().dtype(at::kLong);
  const at::Tensor column = at::arange(columns.begin, columns.end, whole).unsqueeze(0);
  const at::Tensor partner = at::arange(rows.begin + images, rows.end + images, whole).unsqueeze(1);
  const at::Tensor behind =
      at::where(column < partner, block < positive.unsqueeze(1), block <= positive.unsqueeze(1));
  return behind.logical_or(column == partner).logical_not();
}

TileMetrics MeasureTile(SimilarityTiles& tiles, RowRange rows, std::int64_t images, std::int64_t tile,
                        const at::TensorOptions& type) {
  const TileSums sums = SumTile(tiles, rows, images, tile, type);
  TileMetrics metrics = {at::zeros({rows.size()}, type.dtype(at::kLong)), at::zeros({rows.size()}, type)};
  for (const RowRange& columns : Cut(images, 2 * images, tile)) {
    at::Tensor block = tiles.Compute(rows, columns);
    metrics.rank += Ahead(block, sums.positive, rows, columns, images).sum(1);
    at::Tensor p = block.sub_(sums.largest.unsqueeze(1)).exp_().div_(sums.sum.unsqueeze(1));
    metrics.entropy.sub_(p.mul_((p + 1e-8).log_()).sum(1));
  }
  return metrics;
}

}  // namespace

ContrastMetrics MeasureContrast(const at::Tensor& all, std::int64_t first, std::int64_t n,
                                const NtXentOptions& options) {
  const at::NoGradGuard no_grad;
  const OwnRows own = CheckArguments(all, first, n, options);
  const UnitRows unit = Normalize(all, options.normalize);
  SimilarityTiles tiles(unit.rows, options);
  at::Tensor sums = at::zeros({3}, unit.rows.options().dtype(at::kDouble));  // first, among five, entropy
  for (const RowRange& rows : Cut(first, first + n, options.tile)) {
    const TileMetrics tile = MeasureTile(tiles, rows, own.images, options.tile, unit.rows.options());
    sums += at::stack(
        {(tile.rank < 1).sum(at::kDouble), (tile.rank < 5).sum(at::kDouble), tile.entropy.sum(at::kDouble)});
  }
  const at::Tensor means = (sums / static_cast<double>(n)).to(at::kCPU);
  const double* mean = means.const_data_ptr<double>();
  return {mean[0], mean[1], mean[2]};
}

}  // namespace simclr::engine
