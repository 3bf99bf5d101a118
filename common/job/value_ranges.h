#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace simclr {

// What a number in a job file may be.
struct ValueRange {
  absl::string_view path;
  double low = 0;
  double high = 0;
  bool low_open = false;   // `low` itself is excluded
  bool high_open = false;  // `high` itself is excluded

  bool Contains(double value) const;  // false for NaN
  std::string Words() const;          // "in [0, 1)"
};

// Of every number of a JobSpec that cannot be anything.
const std::vector<ValueRange>& ValueRanges();

}  // namespace simclr
