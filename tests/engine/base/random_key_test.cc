#include "engine/base/random_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

namespace simclr::engine {
namespace {

using testing::ElementsAre;

TEST(Philox, GivesTheKnownAnswersOfItsAuthors) {
  EXPECT_THAT(Philox4x32({0, 0, 0, 0}, {0, 0}), ElementsAre(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
  const std::uint32_t ones = 0xffffffff;
  EXPECT_THAT(Philox4x32({ones, ones, ones, ones}, {ones, ones}),
              ElementsAre(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd));
  EXPECT_THAT(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
              ElementsAre(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1));
}

TEST(KeyedRandom, RepeatsItselfUnderTheSameKey) {
  const RandomKey key{.seed = 7, .epoch = 3, .index = 41, .view = 1};
  KeyedRandom a(key), b(key);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(a.NextU32(), b.NextU32());
}

TEST(KeyedRandom, EveryPartOfTheKeyCounts) {
  const RandomKey base{.seed = 7, .stream = Stream::kAugment, .epoch = 3, .index = 41, .view = 0};
  std::vector<RandomKey> keys(8, base);
  keys[1].seed = 8;
  keys[2].seed = 7 | std::uint64_t{1} << 32;
  keys[3].stream = Stream::kEpochOrder;
  keys[4].epoch = 4;
  keys[5].index = 42;
  keys[6].index = 41 | std::uint64_t{1} << 32;
  keys[7].view = 1;
  std::set<std::uint32_t> first;
  for (const RandomKey& key : keys) first.insert(KeyedRandom(key).NextU32());
  EXPECT_EQ(first.size(), keys.size());
}

TEST(KeyedRandom, UniformFillsItsRangeEvenly) {
  KeyedRandom random({.seed = 1});
  const int n = 100000;
  double sum = 0, squares = 0;
  for (int i = 0; i < n; ++i) {
    const double x = random.Uniform();
    ASSERT_GE(x, 0);
    ASSERT_LT(x, 1);
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / n, 0.5, 4 * std::sqrt(1.0 / 12 / n));
  EXPECT_NEAR(squares / n, 1.0 / 3, 4 * std::sqrt(4.0 / 45 / n));
  const double scaled = random.Uniform(-3, -2);
  EXPECT_GE(scaled, -3);
  EXPECT_LE(scaled, -2);
}

TEST(KeyedRandom, BelowGivesEveryNumberEquallyOften) {
  KeyedRandom random({.seed = 2});
  const int n = 70000;
  std::vector<int> seen(7);
  for (int i = 0; i < n; ++i) ++seen[random.Below(7)];
  for (const int count : seen) EXPECT_NEAR(count, n / 7.0, 4 * std::sqrt(n / 7.0));
  EXPECT_EQ(random.Below(1), 0u);
}

TEST(KeyedRandom, NormalHasMeanZeroAndDeviationOne) {
  KeyedRandom random({.seed = 3});
  const int n = 100000;
  double sum = 0, squares = 0;
  for (int i = 0; i < n; ++i) {
    const double x = random.Normal();
    ASSERT_TRUE(std::isfinite(x));
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / n, 0, 4 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1, 4 * std::sqrt(2.0 / n));
}

}  // namespace
}  // namespace simclr::engine
