#include "engine/data/sampler.h"

#include <cassert>
#include <numeric>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "engine/base/random_key.h"

namespace simclr::engine {
namespace {

using Order = std::vector<std::int64_t>;

// Fisher-Yates.
std::shared_ptr<const Order> EpochOrder(std::int64_t n, std::uint64_t seed, int epoch) {
  auto order = std::make_shared<Order>(n);
  std::iota(order->begin(), order->end(), 0);
  KeyedRandom random(
      {.seed = seed, .stream = Stream::kEpochOrder, .epoch = static_cast<std::uint32_t>(epoch)});
  for (std::int64_t left = n; left > 1; --left) {
    std::swap((*order)[left - 1], (*order)[random.Below(static_cast<std::uint32_t>(left))]);
  }
  return order;
}

}  // namespace

class Sampler::OrderMemory {
 public:
  std::shared_ptr<const Order> Get(std::int64_t n, std::uint64_t seed, int epoch) {
    absl::MutexLock lock(&mutex_);
    if (order_ == nullptr || epoch_ != epoch) {
      order_ = EpochOrder(n, seed, epoch);
      epoch_ = epoch;
    }
    return order_;
  }

 private:
  absl::Mutex mutex_;
  int epoch_ ABSL_GUARDED_BY(mutex_) = 0;
  std::shared_ptr<const Order> order_ ABSL_GUARDED_BY(mutex_);
};

Sampler::Sampler(std::int64_t n, int global_batch, std::uint64_t seed, int rank, int world_size)
    : n_(n),
      global_batch_(global_batch),
      seed_(seed),
      rank_(rank),
      world_size_(world_size),
      orders_(std::make_shared<OrderMemory>()) {
  assert(global_batch > 0 && global_batch <= n && world_size > 0 && global_batch % world_size == 0);
  assert(rank >= 0 && rank < world_size);
}

std::vector<std::int64_t> Sampler::GlobalBatch(std::int64_t step) const {
  const std::shared_ptr<const Order> order = orders_->Get(n_, seed_, epoch_of(step));
  const auto first = order->begin() + step % steps_per_epoch() * global_batch_;
  return {first, first + global_batch_};
}

std::vector<std::int64_t> Sampler::RankBatch(std::int64_t step) const {
  const std::vector<std::int64_t> batch = GlobalBatch(step);
  const int part = global_batch_ / world_size_;
  return {batch.begin() + rank_ * part, batch.begin() + (rank_ + 1) * part};
}

}  // namespace simclr::engine
