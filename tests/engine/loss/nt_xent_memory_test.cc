#include <c10/core/CPUAllocator.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "engine/loss/nt_xent.h"

namespace simclr::engine {
namespace {

// Counts the bytes of tensors that are alive; the memory itself comes from LibTorch's allocator.
class CountingAllocator final : public c10::Allocator {
 public:
  explicit CountingAllocator(c10::Allocator* real) : real_(real) {}

  c10::DataPtr allocate(std::size_t bytes) override {
    auto* const held = new Held{this, bytes, real_->allocate(bytes)};
    const std::int64_t now = alive_ += static_cast<std::int64_t>(bytes);
    peak_ = std::max<std::int64_t>(peak_, now);
    return {held->memory.get(), held, &Release, c10::Device(c10::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return nullptr; }
  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }

  std::int64_t alive() const { return alive_; }
  std::int64_t peak() const { return peak_; }

 private:
  struct Held {
    CountingAllocator* owner;
    std::size_t bytes;
    c10::DataPtr memory;
  };
  static void Release(void* context) {
    auto* const held = static_cast<Held*>(context);
    held->owner->alive_ -= static_cast<std::int64_t>(held->bytes);
    delete held;
  }

  c10::Allocator* const real_;
  std::atomic<std::int64_t> alive_ = 0, peak_ = 0;
};

// The extra bytes at the worst moment of forward and backward.
std::int64_t PeakOf(std::int64_t images, std::int64_t first, std::int64_t n) {
  c10::Allocator* const usual = c10::GetCPUAllocator();
  CountingAllocator counting(usual);
  const at::Tensor z = at::randn({2 * images, 128}).requires_grad_();
  c10::SetCPUAllocator(&counting, /*priority=*/100);
  {
    const at::Tensor loss = NtXent(z, first, n, {});
    loss.backward();
    z.mutable_grad().reset();
  }
  c10::SetCPUAllocator(usual, /*priority=*/100);
  EXPECT_EQ(counting.alive(), 0) << "memory is left behind";
  return counting.peak();
}

constexpr std::int64_t kMegabyte = 1 << 20;

TEST(NtXentMemory, StaysUnder64MegabytesFor8192Rows) {
  const std::int64_t peak = PeakOf(4096, 0, 4096);
  RecordProperty("peak_bytes", std::to_string(peak));
  EXPECT_LT(peak, 64 * kMegabyte);
  EXPECT_GT(peak, 8192 * 128 * 4) << "the counting does not work";
}

TEST(NtXentMemory, GrowsInProportionToTheBatch) {
  const std::int64_t small = PeakOf(2048, 0, 64), large = PeakOf(8192, 0, 64);
  EXPECT_LT(large, 4.5 * static_cast<double>(small));
}

}  // namespace
}  // namespace simclr::engine
