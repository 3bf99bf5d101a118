#pragma once

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "engine/base/device.h"
#include "engine/distributed/collective.h"

namespace simclr::engine {

// What the training thread spent on the parts of a step; no moment is counted twice.
struct StepParts {
  absl::Duration data, h2d, forward, gather, backward, reduce, norm_sync, optimizer, checkpoint;

  absl::Duration Sum() const {
    return data + h2d + forward + gather + backward + reduce + norm_sync + optimizer + checkpoint;
  }
};

// Durations of consecutive parts, on a device that runs behind the host. What was waited for in the `norm`
// group is no part of a lap. Not thread-safe.
class PartTimer {
 public:
  PartTimer(const at::Device& device, const Collective& norm)
      : device_(device), norm_(norm), last_(RealClock().Monotonic()), waited_(norm.waited()) {}

  // Since the last lap, or the construction.
  absl::Duration Lap() {
    Synchronize(device_);
    const absl::Duration now = RealClock().Monotonic(), waited = norm_.waited();
    const absl::Duration lap = (now - last_) - (waited - waited_);
    last_ = now;
    waited_ = waited;
    return lap;
  }

 private:
  const at::Device device_;
  const Collective& norm_;
  absl::Duration last_, waited_;
};

}  // namespace simclr::engine
