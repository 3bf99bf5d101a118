#include "engine/data/bad_share.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace simclr::engine {
namespace {

TEST(CheckBadShare, AllowsTheShareItselfAndNothingAboveIt) {
  EXPECT_TRUE(CheckBadShare(0, 20, 0).ok());
  EXPECT_TRUE(CheckBadShare(2, 20, 0.1).ok());
  EXPECT_EQ(CheckBadShare(1, 20, 0).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(CheckBadShare(3, 20, 0.1).message()), ::testing::HasSubstr("3 of 20 images"));
}

TEST(BadImageCount, AddsUpWithinAnEpoch) {
  BadImageCount count;
  count.Add(0, 2);
  count.Add(0, 1);
  EXPECT_EQ(count.most(), 3);
}

TEST(BadImageCount, DoesNotCountAnImageAgainInTheNextEpoch) {
  BadImageCount count;
  for (int epoch = 0; epoch < 5; ++epoch) {
    count.Add(epoch, 2);
    count.Add(epoch, 1);
  }
  EXPECT_EQ(count.most(), 3);
}

TEST(BadImageCount, NeverFalls) {
  BadImageCount count;
  count.Add(3, 4);
  count.Add(4, 1);
  EXPECT_EQ(count.most(), 4);
}

}  // namespace
}  // namespace simclr::engine
