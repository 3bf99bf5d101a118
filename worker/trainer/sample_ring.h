#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <vector>

namespace simclr::trainer {

// A queue of fixed capacity from one thread to one other. Neither of them ever waits, takes a lock or
// allocates; what finds the queue full is dropped.
template <typename Sample>
class SampleRing {
  static_assert(std::is_trivially_copyable_v<Sample>);

 public:
  // All memory is taken here.
  explicit SampleRing(std::size_t capacity) : samples_(capacity) {}

  // By the first thread. False: the queue is full, the sample dropped.
  bool Push(const Sample& sample) {
    const std::uint64_t place = pushed_.load(std::memory_order_relaxed);
    // Acquired, so that the other thread is done with the place that is written now.
    if (place - taken_.load(std::memory_order_acquire) == samples_.size()) return false;
    samples_[place % samples_.size()] = sample;
    pushed_.store(place + 1, std::memory_order_release);
    return true;
  }

  // By the other thread.
  std::optional<Sample> Take() {
    const std::uint64_t place = taken_.load(std::memory_order_relaxed);
    if (place == pushed()) return std::nullopt;
    const Sample sample = samples_[place % samples_.size()];
    taken_.store(place + 1, std::memory_order_release);
    return sample;
  }

  // How many were kept and taken since the beginning; by any thread.
  std::uint64_t pushed() const { return pushed_.load(std::memory_order_acquire); }
  std::uint64_t taken() const { return taken_.load(std::memory_order_acquire); }

 private:
  std::vector<Sample> samples_;
  std::atomic<std::uint64_t> pushed_ = 0;  // written by the first thread alone
  std::atomic<std::uint64_t> taken_ = 0;   // by the other
};

}  // namespace simclr::trainer
