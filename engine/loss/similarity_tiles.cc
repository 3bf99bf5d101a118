#include "engine/loss/similarity_tiles.h"

#include <algorithm>

namespace simclr::engine {
namespace {

constexpr double kSmallestNorm = 1e-12;

SimilarityTiles::Diagonal DiagonalFrom(const at::Tensor& block, std::int64_t row, std::int64_t column) {
  const std::int64_t offset = column - row;  // the entry of block row 0 stands in this block column
  return {block.diagonal(offset), std::clamp<std::int64_t>(-offset, 0, block.size(0))};
}

}  // namespace

OwnRows CheckArguments(const at::Tensor& all, std::int64_t first, std::int64_t n,
                       const NtXentOptions& options) {
  TORCH_CHECK(all.dim() == 2 && all.size(0) % 2 == 0 && all.is_floating_point(),
              "NT-Xent needs a matrix with two rows an image, got ", all.sizes(), " of ", all.scalar_type());
  const std::int64_t images = all.size(0) / 2;
  TORCH_CHECK(n > 0 && first >= 0 && first + n <= images, "NT-Xent: the own images [", first, ", ", first + n,
              ") are not within the ", images, " of the batch");
  TORCH_CHECK(options.temperature > 0 && options.tile > 0, "NT-Xent: temperature ", options.temperature,
              " and tile ", options.tile, " must be positive");
  return {images, first, n};
}

UnitRows Normalize(const at::Tensor& all, bool normalize) {
  const at::Tensor rows = all.scalar_type() == at::kDouble ? all : all.to(at::kFloat);
  if (!normalize) return {rows.contiguous(), {}};
  const at::Tensor norm = at::linalg_vector_norm(rows, 2, at::IntArrayRef{1}, /*keepdim=*/true);
  const at::Tensor inverse = at::where(norm > kSmallestNorm, norm.reciprocal(), at::zeros_like(norm));
  // Division rounds once; the product with the inverse would round twice.
  return {rows / norm.clamp_min(kSmallestNorm), inverse};
}

std::vector<RowRange> Cut(std::int64_t begin, std::int64_t end, std::int64_t tile) {
  std::vector<RowRange> pieces;
  for (std::int64_t i = begin; i < end; i += tile) pieces.push_back({i, std::min(i + tile, end)});
  return pieces;
}

SimilarityTiles::SimilarityTiles(const at::Tensor& unit_rows, const NtXentOptions& options)
    : unit_rows_(unit_rows),
      inverse_temperature_(1 / options.temperature),
      buffer_(
          at::empty({std::min(options.tile, unit_rows.size(0)) * std::min(options.tile, unit_rows.size(0))},
                    unit_rows.options())) {}

// The out and in-place forms are also the ones that autocast leaves alone: the loss stays in its own type.
at::Tensor SimilarityTiles::Compute(RowRange rows, RowRange columns) {
  at::Tensor block = buffer_.narrow(0, 0, rows.size() * columns.size()).view({rows.size(), columns.size()});
  at::mm_out(block, unit_rows_.slice(0, rows.begin, rows.end),
             unit_rows_.slice(0, columns.begin, columns.end).t());
  return block.mul_(inverse_temperature_);
}

SimilarityTiles::Diagonal SimilarityTiles::SelfOf(const at::Tensor& block, RowRange rows,
                                                  RowRange columns) const {
  return DiagonalFrom(block, columns.begin, rows.begin);
}

SimilarityTiles::Diagonal SimilarityTiles::PartnerOf(const at::Tensor& block, RowRange rows,
                                                     RowRange columns) const {
  const std::int64_t images = unit_rows_.size(0) / 2;
  const std::int64_t partner = rows.begin < images ? rows.begin + images : rows.begin - images;
  return DiagonalFrom(block, columns.begin, partner);
}

}  // namespace simclr::engine
