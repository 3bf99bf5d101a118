#include <filesystem>
#include <fstream>

#include "engine/data/dataset.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/train/tiny_job.h"
#include "tests/support/ranks.h"
#include "tests/support/temporary_directory.h"

namespace simclr::engine {
namespace {

using ::simclr::testing::ExpectAllPassed;
using ::simclr::testing::RankContext;
using ::simclr::testing::RunRanks;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::UnorderedElementsAre;

RunEnd Pretrain(const std::string& root, const JobConfig& job = TinyJob(1)) {
  RecordingObserver observer;
  const RunEnd end = engine::Run(job, TinyOptions(root, "j-1"), observer);
  EXPECT_EQ(end.end, EndClass::kSuccess) << end.message;
  return end;
}

RunOptions EvalOptions(const std::string& root) {
  RunOptions options = TinyOptions(root, "j-2");
  options.after_directory = "j-1";
  return options;
}

RunEnd Evaluate(const std::string& root, const JobConfig& job, RecordingObserver& observer) {
  return engine::Run(job, EvalOptions(root), observer);
}

TEST(LinearEval, MeasuresTheEncoderAndItsRandomSelf) {
  const TemporaryDirectory root;
  Pretrain(root.path());
  RecordingObserver observer;
  const RunEnd end = Evaluate(root.path(), TinyLinearEval(), observer);
  ASSERT_EQ(end.end, EndClass::kSuccess) << end.message;
  EXPECT_THAT(end.results,
              UnorderedElementsAre(Key("linear_eval/top1"), Key("linear_eval/top5"),
                                   Key("linear_eval/top1_random"), Key("knn/top1"), Key("knn/top1_random")));
  // Ten classes: a classifier that is always right, or never better than chance, measured something else.
  for (const auto& [name, value] : end.results) EXPECT_LT(value, 0.95) << name;
  EXPECT_GT(end.results.at("linear_eval/top5"), 0.5);
  EXPECT_LE(end.results.at("linear_eval/top1"), end.results.at("linear_eval/top5"));
  EXPECT_EQ(end.step, end.total_steps);
}

TEST(LinearEval, ReportsEveryEpochOfTheTrainedEncoderAndNoneOfTheBaseline) {
  const TemporaryDirectory root;
  Pretrain(root.path());
  RecordingObserver observer;
  const RunEnd end = Evaluate(root.path(), TinyLinearEval(), observer);
  ASSERT_EQ(observer.reports.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(observer.reports[i].values[Measure::kEvalEpoch], i + 1);
    EXPECT_GT(observer.reports[i].values[Measure::kEvalLoss], 0);
    EXPECT_FALSE(observer.reports[i].values.Has(Measure::kLoss));
  }
  EXPECT_EQ(observer.reports.back().values[Measure::kEvalTop1], end.results.at("linear_eval/top1"));
}

TEST(LinearEval, GivesTheSameNumbersOnTwoRanksInBothModes) {
  ExpectAllPassed(RunRanks(2, [](RankContext& context) {
    const auto group = context.Group("test");
    if (context.rank() == 0) Pretrain(context.directory());
    group->Barrier();
    for (const LinearEvalMode mode : {LinearEvalMode::kCached, LinearEvalMode::kAugmented}) {
      JobConfig job = TinyLinearEval();
      job.linear_eval.mode = mode;
      job.linear_eval.baseline = false;
      RunOptions options = EvalOptions(context.directory());
      options.rank = context.rank();
      options.world_size = 2;
      std::string endpoint;
      options.publish_endpoint = [&](const std::string& mine) { endpoint = mine; };
      options.await_endpoint = [&]() -> absl::StatusOr<RunOptions::Meeting> {
        return RunOptions::Meeting{group->Broadcast(endpoint), "eval/1/nonce"};
      };
      RecordingObserver together, alone;
      const RunEnd two = engine::Run(job, options, together);
      const RunEnd one = Evaluate(context.directory(), job, alone);
      ASSERT_EQ(two.end, EndClass::kSuccess) << two.message;
      EXPECT_EQ(two.results, one.results);
      EXPECT_EQ(together.losses, alone.losses);
    }
  }));
}

TEST(LinearEval, SavesFeaturesLabelsAndNames) {
  const TemporaryDirectory root;
  Pretrain(root.path());
  JobConfig job = TinyLinearEval();
  job.linear_eval.save_features = true;
  RecordingObserver observer;
  ASSERT_EQ(Evaluate(root.path(), job, observer).end, EndClass::kSuccess);
  EXPECT_THAT(*PosixFileSystem().List(root / "j-2"),
              ElementsAre("features-test.npy", "features-train.npy", "files-test.txt", "files-train.txt",
                          "labels-test.npy", "labels-train.npy"));
  EXPECT_EQ(std::filesystem::file_size(root / "j-2/features-test.npy") % 64, 0u);
}

TEST(LinearEval, WarnsOnceAndMeasuresNothingWithoutLabels) {
  const TemporaryDirectory root;
  Pretrain(root.path());
  // A flat folder of PNG files of one gray pixel.
  constexpr char kPng[] =
      "\x89PNG\r\n\032\n"
      "\0\0\0\015IHDR\0\0\0\001\0\0\0\001\010\002\0\0\0\220\167\123\336"
      "\0\0\0\014IDAT\170\332\143\150\150\150\0\0\003\004\001\201\165\056\001\274"
      "\0\0\0\0IEND\256\102\140\202";
  const std::string png(kPng, sizeof(kPng) - 1);
  std::filesystem::create_directory(root / "flat");
  for (int i = 0; i < 10; ++i) std::ofstream(root / ("flat/" + std::to_string(i) + ".png")) << png;
  JobConfig job = TinyLinearEval();
  job.data.source = "folder:" + (root / "flat");
  job.data.test.clear();
  job.data.holdout = 0.3;
  RecordingObserver observer;
  const RunEnd end = Evaluate(root.path(), job, observer);
  EXPECT_EQ(end.end, EndClass::kSuccess) << end.message;
  EXPECT_THAT(end.results, IsEmpty());
  EXPECT_THAT(observer.warnings, ElementsAre(HasSubstr("no labels")));
}

TEST(LinearEval, TakesTheHeldOutImagesOfTheEvaluatedJob) {
  const TemporaryDirectory root;
  JobConfig pretrain = TinyJob(1);
  pretrain.data.source = "synthetic:train=100,test=20,size=16";
  pretrain.data.holdout = 0.2;
  pretrain.train.seed = 5;
  Pretrain(root.path(), pretrain);
  JobConfig job = TinyLinearEval();
  job.data.source = pretrain.data.source;
  job.data.test.clear();
  job.linear_eval.save_features = true;
  RecordingObserver observer;
  ASSERT_EQ(Evaluate(root.path(), job, observer).end, EndClass::kSuccess);
  const Splits splits = *OpenSplits(pretrain.data, pretrain.train.seed);
  ASSERT_EQ(splits.test->size(), 20);
  std::string held_out;
  for (std::int64_t i = 0; i < splits.test->size(); ++i) held_out += splits.test->name(i) + "\n";
  EXPECT_EQ(*PosixFileSystem().Read(root / "j-2/files-test.txt"), held_out);
}

TEST(LinearEval, StopsWhenAskedToDrain) {
  const TemporaryDirectory root;
  Pretrain(root.path());
  RecordingObserver observer;
  observer.drain_in_step = 2;
  const RunEnd end = Evaluate(root.path(), TinyLinearEval(), observer);
  EXPECT_EQ(end.end, EndClass::kDrained);
  EXPECT_THAT(end.results, IsEmpty());
}

TEST(LinearEval, EndsAtOnceWhereTheClassifierDiverges) {
  const TemporaryDirectory root;
  Pretrain(root.path());
  JobConfig job = TinyLinearEval();
  job.linear_eval.lr = 3e38;  // the gradient is bounded: only sums that leave float32 diverge
  RecordingObserver observer;
  const RunEnd end = Evaluate(root.path(), job, observer);
  EXPECT_EQ(end.end, EndClass::kNonFinite);
  EXPECT_THAT(end.message, HasSubstr("lower linear_eval.lr"));
  EXPECT_THAT(end.results, IsEmpty());
}

TEST(LinearEval, NamesAnEvaluatedJobWithoutExport) {
  const TemporaryDirectory root;
  RecordingObserver observer;
  const RunEnd end = Evaluate(root.path(), TinyLinearEval(), observer);
  EXPECT_EQ(end.end, EndClass::kConfigError);
  EXPECT_THAT(end.message, HasSubstr("j-1/export"));
}

TEST(LinearEval, EvaluatesModelInitWithoutAnotherJob) {
  const TemporaryDirectory root;
  Pretrain(root.path());
  JobConfig job = TinyLinearEval();
  job.data.image_size = 16;
  job.model = TinyJob(1).model;
  job.model.init = root / "j-1/export";
  RunOptions options = EvalOptions(root.path());
  options.after_directory.clear();
  RecordingObserver direct, after;
  const RunEnd end = engine::Run(job, options, direct);
  ASSERT_EQ(end.end, EndClass::kSuccess) << end.message;
  EXPECT_EQ(end.results.at("linear_eval/top1"),
            Evaluate(root.path(), TinyLinearEval(), after).results.at("linear_eval/top1"));
}

}  // namespace
}  // namespace simclr::engine
