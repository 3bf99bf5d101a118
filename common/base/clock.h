#pragma once

#include "absl/time/time.h"

namespace simclr {

// Time as an argument. Deadlines and durations are taken from the monotonic clock, time stamps from the wall
// clock. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  virtual absl::Time Now() const = 0;            // wall clock
  virtual absl::Duration Monotonic() const = 0;  // since an arbitrary point; never goes back
};

// Outlives every user; the same object each time.
const Clock& RealClock();

}  // namespace simclr
