#include "common/job/value_ranges.h"

#include "absl/strings/str_cat.h"
#include "common/job/text_tree.h"

namespace simclr {

bool ValueRange::Contains(double value) const {
  const bool above = low_open ? value > low : value >= low;
  const bool below = high_open ? value < high : value <= high;
  return above && below;
}

std::string ValueRange::Words() const {
  return absl::StrCat("in ", low_open ? "(" : "[", TextTree::Number(low).text(), ", ",
                      TextTree::Number(high).text(), high_open ? ")" : "]");
}

const std::vector<ValueRange>& ValueRanges() {
  static const auto& ranges = *new std::vector<ValueRange>{
      {"resources.ranks", 1, 4096},
      {"data.image_size", 8, 1024},
      {"data.limit_per_class", 0, 1e9},
      {"data.holdout", 0, 1, false, true},
      {"data.max_bad_share", 0, 1},
      {"data.cache_bytes", 0, 1e15},
      {"data.loader_threads", 0, 256},
      {"augment.strength", 0, 10},
      {"augment.crop.min_area", 0, 1, true},
      {"augment.crop.max_area", 0, 1, true},
      {"augment.crop.min_aspect", 0.01, 100},
      {"augment.crop.max_aspect", 0.01, 100},
      {"augment.flip.probability", 0, 1},
      {"augment.jitter.probability", 0, 1},
      {"augment.jitter.brightness", 0, 10},
      {"augment.jitter.contrast", 0, 10},
      {"augment.jitter.saturation", 0, 10},
      {"augment.jitter.hue", 0, 0.5},
      {"augment.grayscale.probability", 0, 1},
      {"augment.blur.probability", 0, 1},
      {"augment.blur.min_sigma", 0, 100, true},
      {"augment.blur.max_sigma", 0, 100, true},
      {"model.width", 0, 16, true},
      {"model.head.layers", 2, 3},
      {"model.head.out", 1, 65536},
      {"model.head.hidden", 0, 65536},
      {"loss.temperature", 0, 100, true},
      {"optimizer.lr", 0, 1e6, true},
      {"optimizer.warmup_epochs", 0, 1e6},
      {"optimizer.weight_decay", 0, 1e3},
      {"optimizer.momentum", 0, 1, false, true},
      {"train.epochs", 1, 1e6},
      {"train.global_batch", 2, 1 << 20},
      {"checkpoint.every_epochs", 1, 1e6},
      {"checkpoint.every_minutes", 0, 1e6, true},
      {"checkpoint.keep", 1, 1000},
      {"linear_eval.epochs", 1, 1e6},
      {"linear_eval.lr", 0, 1e6, true},
      {"linear_eval.batch", 1, 1 << 20},
      {"linear_eval.weight_decay", 0, 1e3},
      {"schedule.priority", -1000, 1000},
      {"schedule.max_restarts", 0, 1000},
  };
  return ranges;
}

}  // namespace simclr
