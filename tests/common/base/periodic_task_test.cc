#include "common/base/periodic_task.h"

#include <gtest/gtest.h>

#include <atomic>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

namespace simclr {
namespace {

TEST(PeriodicTask, RunsAtOnceAndAgainAtEachInterval) {
  std::atomic<int> runs{0};
  absl::Notification third;
  PeriodicTask task("test", absl::Milliseconds(1), [&] {
    if (++runs == 3) third.Notify();
  });
  EXPECT_TRUE(third.WaitForNotificationWithTimeout(absl::Seconds(10)));
}

TEST(PeriodicTask, RunsEarlyWhenWoken) {
  std::atomic<int> runs{0};
  absl::Notification first, second;
  PeriodicTask task("test", absl::Hours(1), [&] { ++runs == 1 ? first.Notify() : second.Notify(); });
  first.WaitForNotification();
  task.WakeNow();
  EXPECT_TRUE(second.WaitForNotificationWithTimeout(absl::Seconds(10)));
}

TEST(PeriodicTask, LosesNoWakeThatComesDuringARun) {
  std::atomic<int> runs{0};
  absl::Notification running, go_on, second;
  PeriodicTask task("test", absl::Hours(1), [&] {
    if (++runs == 2) return second.Notify();
    running.Notify();
    go_on.WaitForNotification();
  });
  running.WaitForNotification();
  task.WakeNow();
  go_on.Notify();
  EXPECT_TRUE(second.WaitForNotificationWithTimeout(absl::Seconds(10)));
}

TEST(PeriodicTask, StopsWithoutWaitingForTheInterval) {
  const absl::Time before = absl::Now();
  {
    PeriodicTask task("test", absl::Hours(1), [] {});
  }
  EXPECT_LT(absl::Now() - before, absl::Seconds(10));
}

}  // namespace
}  // namespace simclr
