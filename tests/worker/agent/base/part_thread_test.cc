#include "worker/agent/base/part_thread.h"

#include <gtest/gtest.h>

#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"

namespace simclr::agent {
namespace {

// Counts its runs, and waits in one of them.
class CountingPart : public Part {
 public:
  absl::Duration RunOnce(absl::Duration now) override {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&free_));
    ++runs_;
    return absl::InfiniteDuration();
  }
  bool AwaitRuns(int runs) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return runs_ >= runs; };
    return mutex_.AwaitWithTimeout(absl::Condition(&enough), absl::Seconds(10));
  }
  void Block(bool block) {
    absl::MutexLock lock(&mutex_);
    free_ = !block;
  }

 private:
  absl::Mutex mutex_;
  bool free_ ABSL_GUARDED_BY(mutex_) = true;
  int runs_ ABSL_GUARDED_BY(mutex_) = 0;
};

TEST(PartThread, RunsAPartWheneverItIsWoken) {
  CountingPart part;
  PartThread thread("part", part, RealClock());
  for (int runs = 1; runs < 4; ++runs) {
    ASSERT_TRUE(part.AwaitRuns(runs));
    part.wake().Raise();
  }
  EXPECT_TRUE(thread.Stop(absl::Seconds(10)));
}

TEST(PartThread, TellsThatARunDoesNotComeToItsEnd) {
  CountingPart part;
  part.Block(true);
  PartThread thread("part", part, RealClock());
  EXPECT_FALSE(thread.Stop(absl::Milliseconds(10)));
  part.Block(false);
  EXPECT_TRUE(thread.Stop(absl::Seconds(10)));
}

}  // namespace
}  // namespace simclr::agent
