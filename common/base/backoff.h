#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace simclr {

struct BackoffOptions {
  absl::Duration initial = absl::Milliseconds(200);
  absl::Duration limit = absl::Seconds(5);
  double factor = 2.0;
  double jitter = 0.2;  // share of the delay that chance may take away, [0, 1]
};

// The delay before try `failures` + 1, that is after `failures` >= 1 failures in a row: initial *
// factor^(failures - 1), at most `limit`, less a share drawn by `random` in [0, 1). Pure.
absl::Duration BackoffDelay(const BackoffOptions& options, int failures, double random);

// Counts failures and draws the delays. Not thread-safe.
class Backoff {
 public:
  // `seed` decides the jitter; two clients with different seeds do not come back together.
  explicit Backoff(const BackoffOptions& options, std::uint64_t seed) : options_(options), state_(seed) {}

  // The delay after one more failure.
  absl::Duration Next();
  // After a success.
  void Reset() { failures_ = 0; }

  int failures() const { return failures_; }

 private:
  BackoffOptions options_;
  std::uint64_t state_;
  int failures_ = 0;
};

}  // namespace simclr
