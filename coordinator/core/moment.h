#pragma once

#include "absl/time/time.h"
#include "common/base/clock.h"

namespace simclr::coordinator {

// A moment on the three clocks.
struct Moment {
  absl::Duration monotonic;  // for limits within this process
  absl::Time wall;           // for people
  absl::Duration service;    // for limits that outlive a process
};

// Service time: how long coordinators of one database have run in all. A machine that sleeps, a clock that is
// set and a coordinator that is away do not move it. Thread-safe.
class ServiceClock {
 public:
  // `before`: what the database has seen so far.
  ServiceClock(const Clock& clock, absl::Duration before)
      : clock_(clock), offset_(before - clock.Monotonic()) {}

  Moment Now() const {
    const absl::Duration monotonic = clock_.Monotonic();
    return {monotonic, clock_.Now(), monotonic + offset_};
  }

 private:
  const Clock& clock_;
  const absl::Duration offset_;
};

}  // namespace simclr::coordinator
