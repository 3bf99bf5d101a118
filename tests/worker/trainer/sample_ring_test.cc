#include "worker/trainer/sample_ring.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <thread>

namespace simclr::trainer {
namespace {

TEST(SampleRing, GivesBackInOrderWhatWasPut) {
  SampleRing<int> ring(3);
  EXPECT_EQ(ring.Take(), std::nullopt);
  for (int round = 0; round < 5; ++round) {
    EXPECT_TRUE(ring.Push(round));
    EXPECT_TRUE(ring.Push(-round));
    EXPECT_EQ(ring.Take(), round);
    EXPECT_EQ(ring.Take(), -round);
  }
  EXPECT_EQ(ring.Take(), std::nullopt);
  EXPECT_EQ(ring.pushed(), 10u);
  EXPECT_EQ(ring.taken(), 10u);
}

TEST(SampleRing, DropsWhatFindsItFull) {
  SampleRing<int> ring(2);
  EXPECT_TRUE(ring.Push(1));
  EXPECT_TRUE(ring.Push(2));
  EXPECT_FALSE(ring.Push(3));
  EXPECT_EQ(ring.pushed(), 2u);
  EXPECT_EQ(ring.Take(), 1);
  EXPECT_TRUE(ring.Push(4));
  EXPECT_EQ(ring.Take(), 2);
  EXPECT_EQ(ring.Take(), 4);
}

TEST(SampleRing, LosesAndMixesNothingBetweenTwoThreads) {
  constexpr std::int64_t kCount = 100'000;
  struct Pair {
    std::int64_t number = 0, negated = 0;
  };
  SampleRing<Pair> ring(64);
  std::jthread writer([&ring] {
    for (std::int64_t i = 1; i <= kCount;) {
      if (ring.Push({i, -i})) {
        ++i;
      } else {
        std::this_thread::yield();
      }
    }
  });
  for (std::int64_t i = 1; i <= kCount;) {
    const std::optional<Pair> pair = ring.Take();
    if (!pair.has_value()) {
      std::this_thread::yield();
      continue;
    }
    ASSERT_EQ(pair->number, i);
    ASSERT_EQ(pair->negated, -i);
    ++i;
  }
}

}  // namespace
}  // namespace simclr::trainer
