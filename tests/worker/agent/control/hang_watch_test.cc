#include "worker/agent/control/hang_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simclr::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;

constexpr absl::Duration kStart = absl::Seconds(100);

HangWatch WatchFrom(absl::Duration now) {
  HangWatch watch({});
  watch.Excuse(now);
  return watch;
}

TEST(HangWatch, CallsASilentTrainerFrozen) {
  HangWatch watch = WatchFrom(kStart);
  EXPECT_EQ(watch.Verdict(kStart + absl::Seconds(30)), std::nullopt);
  EXPECT_THAT(watch.Verdict(kStart + absl::Seconds(31)), Optional(HasSubstr("no report for 31s")));
}

TEST(HangWatch, LetsATrainerWaitForItsEndpoint) {
  HangWatch watch = WatchFrom(kStart);
  watch.OnReport(kStart + absl::Seconds(500));
  EXPECT_EQ(watch.Verdict(kStart + absl::Seconds(500)), std::nullopt);
  watch.OnRun(kStart + absl::Seconds(500));
  watch.OnReport(kStart + absl::Seconds(690));
  EXPECT_THAT(watch.Verdict(kStart + absl::Seconds(690)), Optional(HasSubstr("in init")));
}

TEST(HangWatch, NeverJudgesARankInACollective) {
  HangWatch watch = WatchFrom(kStart);
  watch.OnProgress(v1::ACTIVITY_COLLECTIVE, 3, kStart);
  watch.OnReport(kStart + absl::Hours(2));
  EXPECT_EQ(watch.Verdict(kStart + absl::Hours(2)), std::nullopt);
}

TEST(HangWatch, MeasuresStepsAgainstTheirOwnHistory) {
  HangWatch watch = WatchFrom(kStart);
  absl::Duration now = kStart;
  for (int step = 0; step <= 6; ++step) {
    watch.OnProgress(v1::ACTIVITY_FORWARD, step, now);
    now += absl::Seconds(20);
  }
  now -= absl::Seconds(20);
  watch.OnReport(now + absl::Seconds(101));
  EXPECT_EQ(watch.Verdict(now + absl::Seconds(99)), std::nullopt);  // 5 x 20 s
  EXPECT_THAT(watch.Verdict(now + absl::Seconds(101)), Optional(HasSubstr("in forward at step 6")));
}

TEST(HangWatch, GivesTheFirstStepsMoreTime) {
  HangWatch watch = WatchFrom(kStart);
  watch.OnProgress(v1::ACTIVITY_DATA, 0, kStart);
  watch.OnReport(kStart + absl::Seconds(301));
  EXPECT_EQ(watch.Verdict(kStart + absl::Seconds(299)), std::nullopt);
  EXPECT_NE(watch.Verdict(kStart + absl::Seconds(301)), std::nullopt);
}

TEST(HangWatch, JudgesSavingAsACheckpointAndOpeningDataAsData) {
  const auto silent = [](v1::Activity activity) {
    HangLimits limits;
    limits.checkpoint = absl::Seconds(1000);
    HangWatch watch(limits);
    watch.Excuse(kStart);
    watch.OnProgress(activity, 0, kStart);
    watch.OnReport(kStart + absl::Seconds(999));
    return watch.Verdict(kStart + absl::Seconds(999));
  };
  EXPECT_EQ(silent(v1::ACTIVITY_SAVING), silent(v1::ACTIVITY_CHECKPOINT));
  EXPECT_EQ(silent(v1::ACTIVITY_SAVING), std::nullopt);
  EXPECT_NE(silent(v1::ACTIVITY_DATA), std::nullopt);
  EXPECT_THAT(silent(v1::ACTIVITY_OPENING_DATA), Optional(HasSubstr("in opening data at step 0")));
}

TEST(HangWatch, HoldsNothingAgainstATrainerThatNobodyWatched) {
  HangWatch watch = WatchFrom(kStart);
  watch.Excuse(kStart + absl::Hours(1));
  EXPECT_EQ(watch.Verdict(kStart + absl::Hours(1) + absl::Seconds(1)), std::nullopt);
}

}  // namespace
}  // namespace simclr::agent
