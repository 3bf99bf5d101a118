#include "common/base/backoff.h"

#include <algorithm>

namespace simclr {
namespace {

// splitmix64: small, and good enough for jitter.
std::uint64_t NextRandom(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

double ToUnit(std::uint64_t bits) {
  return static_cast<double>(bits >> 11) * 0x1.0p-53;
}

}  // namespace

absl::Duration BackoffDelay(const BackoffOptions& options, int failures, double random) {
  absl::Duration delay = options.initial;
  for (int i = 1; i < failures && delay < options.limit; ++i) delay *= options.factor;
  return std::min(delay, options.limit) * (1.0 - options.jitter * random);
}

absl::Duration Backoff::Next() {
  ++failures_;
  return BackoffDelay(options_, failures_, ToUnit(NextRandom(state_)));
}

}  // namespace simclr
