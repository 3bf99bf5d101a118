#include "worker/agent/control/hang_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simclr::agent {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;

constexpr absl::Duration kStart = absl::Seconds(100);
constexpr absl::Duration kGroup = absl::Minutes(5);

HangWatch WatchFrom(absl::Duration now) {
  HangWatch watch(absl::Seconds(30), kGroup);
  watch.Excuse(now);
  return watch;
}

v1::Progress ProgressOf(v1::Activity activity, std::int64_t step, std::int64_t files = 0) {
  v1::Progress progress;
  progress.set_activity(activity);
  progress.set_step(step);
  progress.set_files_listed(files);
  return progress;
}

TEST(HangWatch, CallsASilentTrainerFrozen) {
  const HangWatch watch = WatchFrom(kStart);
  EXPECT_EQ(watch.Verdict(kStart + absl::Seconds(30), std::nullopt), std::nullopt);
  EXPECT_THAT(watch.Verdict(kStart + absl::Seconds(31), std::nullopt),
              Optional(HasSubstr("no report for 31s")));
}

TEST(HangWatch, LeavesATrainerThatSpeaksToTheCoordinator) {
  HangWatch watch = WatchFrom(kStart);
  watch.OnProgress(ProgressOf(v1::ACTIVITY_FORWARD, 3), kStart);
  watch.OnReport(kStart + absl::Hours(2));
  EXPECT_EQ(watch.Verdict(kStart + absl::Hours(2), std::nullopt), std::nullopt);
}

TEST(HangWatch, JudgesByTheGroupTimeoutWhileTheCoordinatorIsAway) {
  HangWatch watch = WatchFrom(kStart);
  watch.OnProgress(ProgressOf(v1::ACTIVITY_COLLECTIVE, 3), kStart);
  const absl::Duration away = kStart + absl::Hours(1), late = away + kGroup + absl::Seconds(1);
  watch.OnReport(late);
  EXPECT_EQ(watch.Verdict(late - absl::Seconds(1), away), std::nullopt) << "it was judged until then";
  EXPECT_THAT(watch.Verdict(late, away), Optional(HasSubstr("no progress for 5m1s in collective at step 3")));
}

TEST(HangWatch, CountsListedFilesAsProgressOnlyWhereDataAreWaitedFor) {
  HangWatch watch = WatchFrom(kStart);
  watch.OnProgress(ProgressOf(v1::ACTIVITY_OPENING_DATA, 0, 1), kStart);
  watch.OnProgress(ProgressOf(v1::ACTIVITY_OPENING_DATA, 0, 2), kStart + absl::Minutes(20));
  EXPECT_EQ(watch.since_progress(kStart + absl::Minutes(21)), absl::Minutes(1));
  watch.OnProgress(ProgressOf(v1::ACTIVITY_FORWARD, 0, 2), kStart + absl::Minutes(21));
  watch.OnProgress(ProgressOf(v1::ACTIVITY_FORWARD, 0, 3), kStart + absl::Minutes(25));
  EXPECT_EQ(watch.since_progress(kStart + absl::Minutes(25)), absl::Minutes(4));
}

TEST(HangWatch, HoldsNothingAgainstATrainerThatNobodyWatched) {
  HangWatch watch = WatchFrom(kStart);
  watch.Excuse(kStart + absl::Hours(1));
  EXPECT_EQ(watch.Verdict(kStart + absl::Hours(1) + absl::Seconds(1), kStart), std::nullopt);
}

TEST(GroupTimeout, IsTheLongestFiniteLimitAndAMinuteAtMostHalfAnHour) {
  v1::Limits limits;
  limits.mutable_init()->set_seconds(180);
  limits.mutable_data()->set_seconds(600);
  limits.mutable_eval()->set_seconds(0);
  EXPECT_EQ(GroupTimeout(limits), absl::Minutes(11));
  limits.mutable_eval()->set_seconds(7200);
  EXPECT_EQ(GroupTimeout(limits), absl::Minutes(30));
  EXPECT_EQ(GroupTimeout({}), absl::Minutes(30));
}

}  // namespace
}  // namespace simclr::agent
