#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/data/test_images.h"
#include "tests/engine/train/tiny_ranks.h"
#include "tests/support/temporary_directory.h"

// data.max_bad_share is judged on all ranks together: the verdict is that of one rank.

namespace simclr::engine {
namespace {

using ::simclr::testing::ExpectAllPassed;
using ::simclr::testing::RankContext;
using ::simclr::testing::RunRanks;
using ::testing::HasSubstr;

constexpr int kImages = 64;
constexpr int kBad = 4;  // of them, a sixteenth

// Two classes; every sixteenth file is no image.
std::string MakeImages(const std::string& root) {
  for (int i = 0; i < kImages; ++i) {
    const std::string folder = absl::StrCat(root, "/images/", i % 2 == 0 ? "even" : "odd");
    std::filesystem::create_directories(folder);
    std::ofstream(absl::StrCat(folder, "/", 100 + i, ".jpg"))
        << (i % (kImages / kBad) == 0 ? "no image" : MakeJpeg(4 * i, 255 - 4 * i, 128));
  }
  return root + "/images";
}

JobConfig Job(const std::string& root, double max_bad_share) {
  JobConfig job = TinyJob(3);
  job.data.source = "folder:" + root + "/images";
  job.data.max_bad_share = max_bad_share;
  return job;
}

RunEnd RunAlone(double max_bad_share, RecordingObserver& observer) {
  const TemporaryDirectory root;
  MakeImages(root.path());
  return engine::Run(Job(root.path(), max_bad_share), TinyOptions(root.path()), observer);
}

// As many as one rank finds, though each of the two meets only half of them in an epoch.
TEST(BadImages, FailTwoRanksInTheSameStepAsOne) {
  const std::vector<::simclr::testing::RankResult> results = RunRanks(2, [](RankContext& context) {
    if (context.rank() == 0) MakeImages(context.directory());
    context.Group("images")->Barrier();
    RecordingObserver observer;
    const RunEnd end = engine::Run(Job(context.directory(), 0.05), RankOptions(context, "run"), observer);
    EXPECT_EQ(end.end, EndClass::kDataError);
    EXPECT_THAT(end.message, HasSubstr("4 of 64 images cannot be decoded"));
    context.Save("step", at::full({1}, end.step, at::kLong));
  });
  ExpectAllPassed(results);
  RecordingObserver observer;
  const RunEnd alone = RunAlone(0.05, observer);
  EXPECT_EQ(alone.end, EndClass::kDataError);
  EXPECT_THAT(alone.message, HasSubstr("4 of 64 images cannot be decoded"));
  EXPECT_EQ(results[0].saved.at("step").item<std::int64_t>(), alone.step);
}

// In three epochs both ranks meet all of them, and none counts twice; a batch tells what stands in for them.
TEST(BadImages, AreCountedOnceByTwoRanksInManyEpochs) {
  const std::vector<::simclr::testing::RankResult> results = RunRanks(2, [](RankContext& context) {
    if (context.rank() == 0) MakeImages(context.directory());
    context.Group("images")->Barrier();
    RecordingObserver observer;
    const RunEnd end = engine::Run(Job(context.directory(), 0.07), RankOptions(context, "run"), observer);
    EXPECT_EQ(end.end, EndClass::kSuccess) << end.message;
    EXPECT_EQ(observer.reports.back().values[Measure::kBadImages], kBad);
    std::int64_t met = 0;
    for (const StepReport& report : observer.reports) met += report.bad_images;
    context.Save("met", at::full({1}, met, at::kLong));
  });
  ExpectAllPassed(results);
  EXPECT_EQ(results[0].saved.at("met").item<std::int64_t>() + results[1].saved.at("met").item<std::int64_t>(),
            3 * kBad);
}

TEST(BadImages, AreReportedByNameAndInNumber) {
  RecordingObserver observer;
  ASSERT_EQ(RunAlone(0.07, observer).end, EndClass::kSuccess);
  EXPECT_EQ(observer.reports.back().values[Measure::kBadImages], kBad);
  EXPECT_EQ(observer.warnings.size(), static_cast<std::size_t>(kBad));
  EXPECT_THAT(observer.warnings[0], HasSubstr(".jpg"));
}

}  // namespace
}  // namespace simclr::engine
