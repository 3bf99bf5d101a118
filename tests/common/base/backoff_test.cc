#include "common/base/backoff.h"

#include <gtest/gtest.h>

namespace simclr {
namespace {

TEST(BackoffDelay, DoublesUntilItsLimit) {
  const BackoffOptions options{.initial = absl::Seconds(1), .limit = absl::Seconds(5)};
  EXPECT_EQ(BackoffDelay(options, 1, 0), absl::Seconds(1));
  EXPECT_EQ(BackoffDelay(options, 2, 0), absl::Seconds(2));
  EXPECT_EQ(BackoffDelay(options, 3, 0), absl::Seconds(4));
  EXPECT_EQ(BackoffDelay(options, 4, 0), absl::Seconds(5));
  EXPECT_EQ(BackoffDelay(options, 1000000, 0), absl::Seconds(5));
}

TEST(BackoffDelay, ChanceTakesAwayAtMostItsShare) {
  const BackoffOptions options{.initial = absl::Seconds(1), .jitter = 0.5};
  EXPECT_EQ(BackoffDelay(options, 1, 0.5), absl::Milliseconds(750));
}

TEST(Backoff, StartsAgainAfterSuccess) {
  Backoff backoff({.initial = absl::Seconds(1), .limit = absl::Seconds(60), .jitter = 0}, 1);
  EXPECT_EQ(backoff.Next(), absl::Seconds(1));
  EXPECT_EQ(backoff.Next(), absl::Seconds(2));
  EXPECT_EQ(backoff.failures(), 2);
  backoff.Reset();
  EXPECT_EQ(backoff.Next(), absl::Seconds(1));
}

TEST(Backoff, DifferentSeedsDoNotComeBackTogether) {
  EXPECT_NE(Backoff({}, 1).Next(), Backoff({}, 2).Next());
  EXPECT_EQ(Backoff({}, 1).Next(), Backoff({}, 1).Next());
}

}  // namespace
}  // namespace simclr
