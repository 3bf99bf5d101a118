#include "engine/data/bad_share.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace simclr::engine {

absl::Status CheckBadShare(std::int64_t bad, std::int64_t images, double max_bad_share) {
  if (static_cast<double>(bad) <= max_bad_share * static_cast<double>(images)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(bad, " of ", images, " images cannot be decoded, more than data.max_bad_share ",
                   max_bad_share, " allows; the warnings name them: repair or remove them, or allow more"));
}

void BadImageCount::Add(std::int64_t epoch, std::int64_t bad) {
  if (epoch != epoch_) in_epoch_ = 0;
  epoch_ = epoch;
  in_epoch_ += bad;
  most_ = std::max(most_, in_epoch_);
}

}  // namespace simclr::engine
