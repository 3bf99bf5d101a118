#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/torch.h"
#include "engine/loss/nt_xent.h"

namespace simclr::engine {

// The images of the global batch, and the own ones among them: [first, first + n).
struct OwnRows {
  std::int64_t images = 0, first = 0, n = 0;
};

// Throws c10::Error that says what is wrong.
OwnRows CheckArguments(const at::Tensor& all, std::int64_t first, std::int64_t n,
                       const NtXentOptions& options);

// The embeddings of a loss in the type it is computed in, l2-normalised where the options ask for it.
struct UnitRows {
  at::Tensor rows;          // (2N, D), float32 or float64
  at::Tensor inverse_norm;  // (2N, 1), 0 for a row of zeros; undefined without normalisation
};

UnitRows Normalize(const at::Tensor& all, bool normalize);

// Rows [begin, end) of the global matrix.
struct RowRange {
  std::int64_t begin = 0, end = 0;
  std::int64_t size() const { return end - begin; }
};

// [begin, end) cut into pieces of at most `tile`.
std::vector<RowRange> Cut(std::int64_t begin, std::int64_t end, std::int64_t tile);

// Blocks of the similarity matrix u u^T / tau, one at a time in the same buffer. Not thread-safe.
class SimilarityTiles {
 public:
  SimilarityTiles(const at::Tensor& unit_rows, const NtXentOptions& options);

  // Valid until the next call; may be written to.
  at::Tensor Compute(RowRange rows, RowRange columns);

  // The entries (i, i + shift mod 2N) that lie in a block: a diagonal of it, maybe empty. Writing changes the
  // block. `first_row` is where it starts in the block.
  struct Diagonal {
    at::Tensor entries;
    std::int64_t first_row = 0;
  };
  Diagonal SelfOf(const at::Tensor& block, RowRange rows, RowRange columns) const;
  Diagonal PartnerOf(const at::Tensor& block, RowRange rows, RowRange columns) const;

 private:
  const at::Tensor unit_rows_;
  const double inverse_temperature_;
  at::Tensor buffer_;
};

}  // namespace simclr::engine
