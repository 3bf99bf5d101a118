#pragma once

#include <cstdint>

#include "engine/base/torch.h"

namespace simclr::engine {

// Number of classes whose logit is larger than that of the label: 0 is a top-1 hit. (n, C), (n) -> (n) int64.
at::Tensor RankOfLabel(const at::Tensor& logits, const at::Tensor& labels);

// Counts hits over batches of any size, so that a ragged last batch weighs what it should.
class AccuracyCounter {
 public:
  void Add(const at::Tensor& logits, const at::Tensor& labels);

  double top1() const { return Share(top1_hits_); }
  double top5() const { return Share(top5_hits_); }  // min(5, classes)
  std::int64_t top1_hits() const { return top1_hits_; }
  std::int64_t top5_hits() const { return top5_hits_; }

 private:
  double Share(std::int64_t hits) const {
    return count_ == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(count_);
  }

  std::int64_t count_ = 0;
  std::int64_t top1_hits_ = 0;
  std::int64_t top5_hits_ = 0;
};

}  // namespace simclr::engine
