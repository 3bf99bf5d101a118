#include "engine/data/synthetic_dataset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace simclr::engine {
namespace {

std::uint64_t Fnv1a64(const std::vector<std::uint8_t>& bytes, std::uint64_t hash) {
  for (std::uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001B3ULL;
  return hash;
}

std::uint64_t HashOf(const Dataset& dataset, int count) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (int i = 0; i < count; ++i) hash = Fnv1a64(dataset.Read(i)->pixels, hash);
  return hash;
}

TEST(SyntheticDataset, HasTenBalancedClasses) {
  const auto dataset = MakeSyntheticDataset({}, "train");
  EXPECT_EQ(dataset->size(), 5000);
  EXPECT_EQ(dataset->classes().size(), 10u);
  std::vector<int> counts(10);
  for (int i = 0; i < 5000; ++i) ++counts[dataset->label(i)];
  for (int count : counts) EXPECT_EQ(count, 500);
}

TEST(SyntheticDataset, ImagesDependOnSeedSplitAndIndexAlone) {
  const auto train = MakeSyntheticDataset({}, "train");
  EXPECT_EQ(HashOf(*train, 50), HashOf(*MakeSyntheticDataset({.train = 70}, "train"), 50));
  EXPECT_NE(HashOf(*train, 50), HashOf(*MakeSyntheticDataset({}, "test"), 50));
  EXPECT_NE(HashOf(*train, 50), HashOf(*MakeSyntheticDataset({.seed = 2}, "train"), 50));
}

// Another value means another data set for every user: results that people compare would no longer be
// comparable.
TEST(SyntheticDataset, PixelsAreThoseOfTheCommittedHash) {
  EXPECT_EQ(HashOf(*MakeSyntheticDataset({}, "train"), 100), 0x81577b0ebe75e1feULL);
}

TEST(SyntheticDataset, ImagesOfAClassDiffer) {
  const auto dataset = MakeSyntheticDataset({}, "train");
  std::set<std::vector<std::uint8_t>> seen;
  for (int i = 0; i < 500; i += 10) EXPECT_TRUE(seen.insert(dataset->Read(i)->pixels).second);
}

// The share of test images whose class has the nearest mean image: what a linear rule reads from raw pixels.
TEST(SyntheticDataset, RawPixelsSayNextToNothing) {
  const auto train = MakeSyntheticDataset({}, "train"), test = MakeSyntheticDataset({}, "test");
  std::vector<std::vector<double>> means(10, std::vector<double>(3 * 32 * 32));
  for (int i = 0; i < 5000; ++i) {
    const auto image = train->Read(i);
    for (std::size_t k = 0; k < image->pixels.size(); ++k)
      means[train->label(i)][k] += image->pixels[k] / 500.0;
  }
  int right = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto image = test->Read(i);
    std::vector<double> distances(10);
    for (std::size_t k = 0; k < image->pixels.size(); ++k) {
      for (int c = 0; c < 10; ++c)
        distances[c] += (image->pixels[k] - means[c][k]) * (image->pixels[k] - means[c][k]);
    }
    right += std::min_element(distances.begin(), distances.end()) - distances.begin() == test->label(i);
  }
  EXPECT_LT(right, 250);
}

}  // namespace
}  // namespace simclr::engine
