#pragma once

#include <cstddef>
#include <vector>

#include "absl/time/time.h"

namespace simclr::bench {

// Measured durations and their percentiles. Not thread-safe.
class Samples {
 public:
  void Add(absl::Duration sample) { samples_.push_back(sample); }
  void Merge(const Samples& other);

  std::size_t count() const { return samples_.size(); }
  // The smallest sample that at least `percent` of them do not exceed; zero without samples.
  absl::Duration Percentile(double percent) const;

 private:
  std::vector<absl::Duration> samples_;
};

}  // namespace simclr::bench
