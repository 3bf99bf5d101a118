#pragma once

#include <array>
#include <cstdint>

namespace simclr::engine {

// Keyed randomness: a draw depends on what it is for, never on when or where it is made, so that the same
// sample gets the same pixels whatever the rank count, the thread count or the batch, and resume is exact.
//
// Philox4x32-10 (Salmon et al., 2011): key = seed, counter = (stream, epoch, index, view and draw number).
// The draws of a key never change from release to release: a resumed run depends on them.
enum class Stream : std::uint32_t {
  kAugment = 1,
  kEpochOrder = 2,
  kHoldout = 3,
  kInit = 4,
  kSynthetic = 5,
  kLimit = 6
};

// One block: four words from a counter and a key. Pure.
std::array<std::uint32_t, 4> Philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

struct RandomKey {
  std::uint64_t seed = 0;
  Stream stream = Stream::kAugment;
  std::uint32_t epoch = 0;
  std::uint64_t index = 0;  // below 2^48
  std::uint32_t view = 0;   // below 256
};

// A sequence of draws under one key. Thread-compatible; cheap to make, one a sample and view.
class KeyedRandom {
 public:
  explicit KeyedRandom(const RandomKey& key);

  std::uint32_t NextU32();
  double Uniform();                         // [0, 1), 53 bits
  double Uniform(double low, double high);  // [low, high]; high itself only by rounding
  std::uint32_t Below(std::uint32_t n);     // [0, n) without bias; n > 0
  double Normal();                          // Box-Muller in double

 private:
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> block_{};
  int used_ = 4;
};

}  // namespace simclr::engine
