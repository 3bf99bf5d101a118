#include "engine/eval/collapse_gauges.h"

#include <algorithm>
#include <cstdint>

#include "engine/eval/alignment.h"
#include "engine/eval/effective_rank.h"
#include "engine/eval/normalized_std.h"
#include "engine/eval/pair_similarity.h"
#include "engine/eval/uniformity.h"
#include "engine/eval/unit_rows.h"

namespace simclr::engine {
namespace {

constexpr std::int64_t kMostRows = 512;

}  // namespace

CollapseGauges MeasureCollapse(const at::Tensor& embeddings, const at::Tensor& features) {
  const at::NoGradGuard no_grad;
  const std::int64_t images = embeddings.size(0) / 2;
  const std::int64_t rows = std::min(images, kMostRows);
  const at::Tensor z = embeddings.narrow(0, 0, rows);
  const at::Tensor a = UnitRows(z);
  const at::Tensor b = UnitRows(embeddings.narrow(0, images, rows));
  const PairSimilarity similarity = MeasurePairSimilarity(a, b);
  CollapseGauges gauges;
  gauges.positive_similarity = similarity.positive;
  gauges.negative_similarity = similarity.negative;
  gauges.alignment = Alignment(a, b);
  gauges.uniformity = Uniformity(a);
  gauges.embedding_std = NormalizedStd(a);
  gauges.feature_std = NormalizedStd(UnitRows(features.narrow(0, 0, std::min(features.size(0), kMostRows))));
  gauges.effective_rank = EffectiveRank(z.to(at::TensorOptions(at::kCPU).dtype(at::kDouble)));
  return gauges;
}

}  // namespace simclr::engine
