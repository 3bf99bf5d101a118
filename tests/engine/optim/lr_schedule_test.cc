#include "engine/optim/lr_schedule.h"

#include <gtest/gtest.h>

namespace simclr::engine {
namespace {

TEST(ScaledLr, FollowsTheBatchAsTheRuleSays) {
  EXPECT_DOUBLE_EQ(ScaledLr(0.3, LrScaling::kLinear, 4096), 4.8);
  EXPECT_DOUBLE_EQ(ScaledLr(0.075, LrScaling::kSqrt, 4096), 4.8);
  EXPECT_DOUBLE_EQ(ScaledLr(0.3, LrScaling::kNone, 4096), 0.3);
}

TEST(WarmupSteps, CountsAsTheOfficialCode) {
  EXPECT_EQ(WarmupSteps(10, 50000, 512), 976);
  EXPECT_EQ(WarmupSteps(1.5, 1000, 64), 23);
  EXPECT_EQ(WarmupSteps(0, 1000, 64), 0);
  EXPECT_EQ(WarmupSteps(0.1, 1000, 100), 1);  // 0.1 * 1000 is exactly 100
}

TEST(LrSchedule, RisesFromZeroThenFallsToZero) {
  const LrSchedule schedule{.peak = 2, .warmup_steps = 10, .total_steps = 110};
  EXPECT_EQ(schedule.At(0), 0);
  EXPECT_DOUBLE_EQ(schedule.At(5), 1);
  EXPECT_DOUBLE_EQ(schedule.At(10), 2);
  EXPECT_DOUBLE_EQ(schedule.At(60), 1);
  EXPECT_NEAR(schedule.At(110), 0, 1e-15);
  EXPECT_NEAR(schedule.At(500), 0, 1e-15) << "past the horizon it stays there";
}

TEST(LrSchedule, ConstantStaysAtThePeakAfterWarmup) {
  const LrSchedule schedule{
      .kind = LrScheduleKind::kConstant, .peak = 2, .warmup_steps = 4, .total_steps = 10};
  EXPECT_DOUBLE_EQ(schedule.At(2), 1);
  EXPECT_DOUBLE_EQ(schedule.At(9), 2);
}

TEST(LrSchedule, WorksWithoutWarmupAndWithOneLongerThanTheRun) {
  const LrSchedule none{.peak = 2, .warmup_steps = 0, .total_steps = 10};
  EXPECT_DOUBLE_EQ(none.At(0), 2);
  const LrSchedule longer{.peak = 2, .warmup_steps = 100, .total_steps = 50};
  EXPECT_DOUBLE_EQ(longer.At(49), 0.98);
  EXPECT_DOUBLE_EQ(longer.At(100), 2);
}

}  // namespace
}  // namespace simclr::engine
