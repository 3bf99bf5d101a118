#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "engine/config/job_config.h"
#include "engine/data/dataset.h"
#include "tests/engine/data/temporary_directory.h"
#include "tests/engine/data/test_images.h"

namespace simclr::engine {
namespace {

std::map<int, int> CountByLabel(const Dataset& dataset) {
  std::map<int, int> counts;
  for (std::int64_t i = 0; i < dataset.size(); ++i) ++counts[dataset.label(i)];
  return counts;
}

std::set<std::string> Names(const Dataset& dataset) {
  std::set<std::string> names;
  for (std::int64_t i = 0; i < dataset.size(); ++i) names.insert(dataset.name(i));
  return names;
}

Splits Open(int limit, double holdout, std::uint64_t seed) {
  DataConfig data;
  data.source = "synthetic:train=400";
  data.limit_per_class = limit;
  data.holdout = holdout;
  auto splits = OpenSplits(data, seed);
  EXPECT_TRUE(splits.ok()) << splits.status();
  return *std::move(splits);
}

TEST(OpenSplits, WithoutAnyOptionAllImagesAreTrainedOn) {
  const Splits splits = Open(0, 0, 1);
  EXPECT_EQ(splits.train->size(), 400);
  EXPECT_EQ(splits.test, nullptr);
}

TEST(OpenSplits, HoldoutIsBalancedAndDisjoint) {
  const Splits splits = Open(0, 0.1, 1);
  EXPECT_EQ(splits.train->size(), 360);
  EXPECT_EQ(splits.test->size(), 40);
  for (const auto& [label, count] : CountByLabel(*splits.test)) EXPECT_EQ(count, 4) << label;
  std::set<std::string> all = Names(*splits.train);
  for (const std::string& name : Names(*splits.test)) EXPECT_TRUE(all.insert(name).second) << name;
  EXPECT_EQ(all.size(), 400u);
}

TEST(OpenSplits, LimitIsPerClassAndComesBeforeHoldout) {
  const Splits splits = Open(20, 0.25, 1);
  for (const auto& [label, count] : CountByLabel(*splits.train)) EXPECT_EQ(count, 15) << label;
  for (const auto& [label, count] : CountByLabel(*splits.test)) EXPECT_EQ(count, 5) << label;
}

TEST(OpenSplits, TheChoiceDependsOnTheSeedAlone) {
  EXPECT_EQ(Names(*Open(20, 0.25, 1).test), Names(*Open(20, 0.25, 1).test));
  EXPECT_NE(Names(*Open(20, 0.25, 1).test), Names(*Open(20, 0.25, 2).test));
}

TEST(OpenSplits, EveryClassOfTwoKeepsAnImageOnBothSides) {
  DataConfig data;
  data.source = "synthetic:train=20";
  data.holdout = 0.01;
  const auto splits = OpenSplits(data, 1);
  ASSERT_TRUE(splits.ok());
  EXPECT_EQ(CountByLabel(*splits->test).size(), 10u);
}

TEST(OpenSplits, ATestSourceIsUsedWhole) {
  DataConfig data;
  data.source = "synthetic:";
  data.test = "synthetic:";
  data.limit_per_class = 3;
  const auto splits = OpenSplits(data, 1);
  ASSERT_TRUE(splits.ok());
  EXPECT_EQ(splits->train->size(), 30);
  EXPECT_EQ(splits->test->size(), 1000);
}

TEST(OpenSplits, RefusesATestSourceOfOtherClassesAndABadShare) {
  const TemporaryDirectory directory;
  directory.Write("cat/1.jpg", MakeJpeg(1, 2, 3));
  directory.Write("dog/1.jpg", MakeJpeg(1, 2, 3));
  DataConfig data;
  data.source = "synthetic:";
  data.test = "folder:" + directory.path();
  EXPECT_THAT(std::string(OpenSplits(data, 1).status().message()), testing::HasSubstr("cat, dog"));
  data.holdout = 1;
  EXPECT_THAT(std::string(OpenSplits(data, 1).status().message()), testing::HasSubstr("data.holdout is 1"));
}

TEST(OpenSplits, ListsOnlyTheClassesThatDifferAndNotAllOfMany) {
  const TemporaryDirectory train, test;
  train.Write("both/1.jpg", MakeJpeg(1, 2, 3));
  test.Write("both/1.jpg", MakeJpeg(1, 2, 3));
  for (int i = 0; i < 1000; ++i) train.Write(absl::StrCat("class-", i, "/1.jpg"), "x");
  test.Write("caf\xe9/1.jpg", "x");
  DataConfig data;
  data.source = "folder:" + train.path();
  data.test = "folder:" + test.path();
  const std::string message(OpenSplits(data, 1).status().message());
  EXPECT_THAT(message, testing::HasSubstr("classes only in data.source: class-0, class-1, "));
  EXPECT_THAT(message, testing::ContainsRegex("\\.\\.\\. \\(9[0-9]+ more\\)"));
  EXPECT_THAT(message, testing::EndsWith("classes only in data.test: caf\\xe9"));
  EXPECT_LT(message.size(), 2000u);
}

}  // namespace
}  // namespace simclr::engine
