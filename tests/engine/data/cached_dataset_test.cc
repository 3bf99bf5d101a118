#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/data/dataset.h"
#include "tests/engine/data/test_images.h"

namespace simclr::engine {
namespace {

constexpr std::int64_t kPlenty = 1 << 20;

struct Fixture {
  explicit Fixture(std::int64_t budget, std::set<std::int64_t> bad = {}, int classes = 2)
      : source(std::make_shared<FakeDataset>(20, classes, std::move(bad))),
        cached(
            WithCache(source, budget, [this](const std::string& warning) { warnings.push_back(warning); })) {}

  void ReadAll() const {
    for (std::int64_t i = 0; i < cached->size(); ++i) EXPECT_TRUE(cached->Read(i).ok()) << i;
  }

  std::vector<std::string> warnings;
  std::shared_ptr<const FakeDataset> source;
  std::shared_ptr<const Dataset> cached;
};

TEST(CachedDataset, ASecondPassDecodesNothing) {
  const Fixture f(kPlenty);
  f.ReadAll();
  f.ReadAll();
  EXPECT_EQ(f.source->reads(), 20);
  EXPECT_EQ(f.cached->Read(7)->pixels[0], 7);
}

TEST(CachedDataset, KeepsNothingOverTheBudget) {
  const Fixture f(192 * 10);
  f.ReadAll();
  f.ReadAll();
  EXPECT_GE(f.source->reads(), 39);
  EXPECT_EQ(f.cached->Read(7)->pixels[0], 7);
}

TEST(CachedDataset, TheNextImageOfTheClassStandsInForABadOne) {
  const Fixture f(kPlenty, {4, 6, 18});
  f.ReadAll();
  EXPECT_EQ(f.cached->Read(4)->pixels[0], 8);
  EXPECT_EQ(f.cached->Read(6)->pixels[0], 8);
  EXPECT_EQ(f.cached->Read(18)->pixels[0], 0);
  f.ReadAll();
  EXPECT_EQ(f.warnings.size(), 3u);
  EXPECT_THAT(f.warnings[0], testing::HasSubstr("image4"));
}

TEST(CachedDataset, TellsWhichImagesWereBadOnceTheyWereRead) {
  const Fixture f(kPlenty, {4, 6});
  EXPECT_FALSE(f.cached->bad(4));
  EXPECT_TRUE(f.cached->Read(4).ok());
  EXPECT_TRUE(f.cached->bad(4));
  EXPECT_FALSE(f.cached->bad(8));
}

TEST(CachedDataset, AClassWithoutAGoodImageIsAnError) {
  const Fixture f(kPlenty, {3, 13}, 10);
  EXPECT_EQ(f.cached->Read(3).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(f.cached->Read(4).ok());
}

}  // namespace
}  // namespace simclr::engine
