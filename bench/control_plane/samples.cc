#include "bench/control_plane/samples.h"

#include <algorithm>
#include <cmath>

namespace simclr::bench {

void Samples::Merge(const Samples& other) {
  samples_.insert(samples_.end(), other.samples_.begin(), other.samples_.end());
}

absl::Duration Samples::Percentile(double percent) const {
  if (samples_.empty()) return absl::ZeroDuration();
  std::vector<absl::Duration> sorted = samples_;
  const auto rank = static_cast<std::size_t>(std::ceil(percent / 100.0 * static_cast<double>(sorted.size())));
  const auto nth = sorted.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::nth_element(sorted.begin(), nth, sorted.end());
  return *nth;
}

}  // namespace simclr::bench
