#include "coordinator/edge/refusals.h"

#include <gtest/gtest.h>

namespace simclr::coordinator {
namespace {

constexpr absl::Duration kStart = absl::Seconds(1000);

TEST(Refusals, AWarningIsDueOnceAMinuteAndWorker) {
  Refusals refusals;
  EXPECT_TRUE(refusals.OnRefused("a", "slot 0 twice", kStart));
  EXPECT_TRUE(refusals.OnRefused("b", "slot 0 twice", kStart));
  EXPECT_FALSE(refusals.OnRefused("a", "slot 0 twice", kStart + absl::Seconds(59)));
  EXPECT_TRUE(refusals.OnRefused("a", "slot 0 twice", kStart + absl::Seconds(60)));
  EXPECT_FALSE(refusals.OnRefused("a", "slot 0 twice", kStart + absl::Seconds(61)));
}

TEST(Refusals, AWorkerOfWhichNothingElseIsHeardGetsNoNewWorkAndIsLostInTheEnd) {
  Refusals refusals;
  EXPECT_TRUE(refusals.MayTakeWork("a", kStart));
  refusals.OnRefused("a", "slot 0 twice", kStart);
  refusals.OnRefused("a", "slot 1 twice", kStart + absl::Seconds(30));
  EXPECT_TRUE(refusals.MayTakeWork("a", kStart + absl::Seconds(59)));
  EXPECT_FALSE(refusals.MayTakeWork("a", kStart + absl::Seconds(60)));
  EXPECT_TRUE(refusals.MayTakeWork("b", kStart + absl::Seconds(60)));
  EXPECT_FALSE(refusals.IsLost("a", kStart + absl::Seconds(599), absl::Minutes(10)));
  EXPECT_TRUE(refusals.IsLost("a", kStart + absl::Minutes(10), absl::Minutes(10)));
  EXPECT_EQ(refusals.LastText("a"), "slot 1 twice");
  EXPECT_EQ(refusals.Since("a"), kStart);
}

TEST(Refusals, OneThatIsTakenMakesAllWellAgain) {
  Refusals refusals;
  refusals.OnRefused("a", "slot 0 twice", kStart);
  refusals.OnAccepted("a");
  EXPECT_TRUE(refusals.MayTakeWork("a", kStart + absl::Hours(1)));
  EXPECT_FALSE(refusals.IsLost("a", kStart + absl::Hours(1), absl::Minutes(10)));
  EXPECT_EQ(refusals.LastText("a"), std::nullopt);
  EXPECT_EQ(refusals.Since("a"), std::nullopt);
}

}  // namespace
}  // namespace simclr::coordinator
