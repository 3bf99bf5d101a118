#include "common/base/ids.h"

#include <gtest/gtest.h>

namespace simclr {
namespace {

TEST(Ids, SortByTimeAndAreRecognised) {
  const std::string early = MakeJobId(absl::FromUnixMillis(1700000000000), 5);
  const std::string late = MakeJobId(absl::FromUnixMillis(1700000000001), 4);
  EXPECT_LT(early, late);
  EXPECT_EQ(early, "j-018bcfe56800-7222");
  EXPECT_TRUE(IsJobId(early));
  EXPECT_TRUE(IsJobId(late));
}

TEST(Ids, NamesAreNotTakenForIds) {
  for (const char* name :
       {"", "j-", "cifar10", "j-018bcfe56800", "j-018bcfe56800-72222", "J-018bcfe56800-7222",
        "j-018bcfe5680g-7222", "j-018bcfe56800_7222", "j-018bcfe56800-722 "}) {
    EXPECT_FALSE(IsJobId(name)) << name;
  }
}

TEST(Ids, RandomBitsDiffer) {
  EXPECT_NE(RandomBits(), RandomBits());
  EXPECT_EQ(HexId(255), "00000000000000ff");
}

TEST(Ids, TwoPlacementsOfOneAttemptHaveTwoNames) {
  EXPECT_EQ(AttemptName(2, "1f2e3d4c5b6a7980"), "a2-1f2e3d4c");
  EXPECT_EQ(AttemptName(2, "0f2e3d4c5b6a7980"), "a2-0f2e3d4c");
  EXPECT_EQ(AttemptName(2, ""), "a2");
}

}  // namespace
}  // namespace simclr
