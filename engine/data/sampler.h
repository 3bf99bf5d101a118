#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace simclr::engine {

// The images of one global step and the part of one rank. The order of an epoch depends on (seed, epoch)
// alone: a fresh permutation of all n images, of which the first floor(n / global_batch) * global_batch are
// used. Rank r of W gets the r-th contiguous part of every global batch. Pure; thread-safe.
class Sampler {
 public:
  // Requires global_batch % world_size == 0 and global_batch <= n.
  Sampler(std::int64_t n, int global_batch, std::uint64_t seed, int rank, int world_size);

  std::int64_t steps_per_epoch() const { return n_ / global_batch_; }

  // Dataset indices of this rank at global step `step` (0 is the first of the run), in batch order.
  std::vector<std::int64_t> RankBatch(std::int64_t step) const;
  // The whole global batch of that step.
  std::vector<std::int64_t> GlobalBatch(std::int64_t step) const;
  int epoch_of(std::int64_t step) const { return static_cast<int>(step / steps_per_epoch()); }

 private:
  class OrderMemory;

  std::int64_t n_;
  int global_batch_;
  std::uint64_t seed_;
  int rank_, world_size_;
  std::shared_ptr<OrderMemory> orders_;
};

}  // namespace simclr::engine
