#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "absl/time/time.h"

namespace simclr::simulation {

// All chance of one history comes from here. Not thread-safe.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  std::uint64_t Bits() { return random_(); }
  bool Chance(double probability) { return Fraction() < probability; }
  int Below(int n) { return static_cast<int>(random_() % static_cast<std::uint64_t>(n)); }
  int Between(int low, int high) { return low + Below(high - low + 1); }
  absl::Duration Between(absl::Duration low, absl::Duration high) { return low + (high - low) * Fraction(); }
  template <typename T>
  T& Pick(std::vector<T>& items) {
    return items[static_cast<std::size_t>(Below(static_cast<int>(items.size())))];
  }

 private:
  double Fraction() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

  std::mt19937_64 random_;
};

}  // namespace simclr::simulation
