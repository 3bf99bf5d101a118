#include "engine/data/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace simclr::engine {
namespace {

using Indices = std::vector<std::int64_t>;

Indices Epoch(const Sampler& sampler, int epoch) {
  Indices all;
  for (std::int64_t s = 0; s < sampler.steps_per_epoch(); ++s) {
    const Indices batch = sampler.GlobalBatch(epoch * sampler.steps_per_epoch() + s);
    all.insert(all.end(), batch.begin(), batch.end());
  }
  return all;
}

TEST(Sampler, AnEpochHasNoImageTwiceAndLeavesTheRestOut) {
  const Sampler sampler(103, 10, 1, 0, 1);
  EXPECT_EQ(sampler.steps_per_epoch(), 10);
  const Indices epoch = Epoch(sampler, 3);
  EXPECT_EQ(std::set<std::int64_t>(epoch.begin(), epoch.end()).size(), 100u);
  EXPECT_GE(*std::min_element(epoch.begin(), epoch.end()), 0);
  EXPECT_LT(*std::max_element(epoch.begin(), epoch.end()), 103);
}

TEST(Sampler, EveryEpochAndSeedHasItsOwnOrder) {
  const Sampler sampler(64, 8, 1, 0, 1);
  EXPECT_NE(Epoch(sampler, 0), Epoch(sampler, 1));
  EXPECT_EQ(Epoch(sampler, 0), Epoch(Sampler(64, 8, 1, 0, 1), 0));
  EXPECT_NE(Epoch(sampler, 0), Epoch(Sampler(64, 8, 2, 0, 1), 0));
}

TEST(Sampler, RanksShareTheGlobalBatchInOrder) {
  for (int world : {1, 2, 4}) {
    for (std::int64_t step : {0, 5, 17}) {
      Indices joined;
      for (int rank = 0; rank < world; ++rank) {
        const Indices part = Sampler(100, 16, 7, rank, world).RankBatch(step);
        EXPECT_EQ(part.size(), 16u / world);
        joined.insert(joined.end(), part.begin(), part.end());
      }
      EXPECT_EQ(joined, Sampler(100, 16, 7, 0, 1).GlobalBatch(step));
    }
  }
}

TEST(Sampler, StepsMayBeAskedForInAnyOrder) {
  const Sampler sampler(50, 5, 1, 0, 1);
  const Indices late = sampler.GlobalBatch(25);
  sampler.GlobalBatch(3);
  EXPECT_EQ(sampler.GlobalBatch(25), late);
  EXPECT_EQ(sampler.epoch_of(25), 2);
}

TEST(Sampler, EveryImageComesFirstEquallyOften) {
  std::vector<int> first(5);
  for (int epoch = 0; epoch < 5000; ++epoch) ++first[Sampler(5, 5, 1, 0, 1).GlobalBatch(epoch)[0]];
  for (int count : first) EXPECT_NEAR(count, 1000, 130);  // 4.5 standard deviations
}

}  // namespace
}  // namespace simclr::engine
