#include "engine/eval/accuracy.h"

#include <algorithm>

namespace simclr::engine {

at::Tensor RankOfLabel(const at::Tensor& logits, const at::Tensor& labels) {
  const at::Tensor own = logits.gather(1, labels.unsqueeze(1));
  // A comparison with NaN is false: without the second term a diverged classifier would always be right.
  return (logits > own).logical_or_(logits.isnan()).sum(1);
}

void AccuracyCounter::Add(const at::Tensor& logits, const at::Tensor& labels) {
  const at::Tensor rank = RankOfLabel(logits, labels);
  const std::int64_t five = std::min<std::int64_t>(5, logits.size(1));
  count_ += labels.size(0);
  top1_hits_ += (rank < 1).sum().item<std::int64_t>();
  top5_hits_ += (rank < five).sum().item<std::int64_t>();
}

}  // namespace simclr::engine
