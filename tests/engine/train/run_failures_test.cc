#include "common/base/file_system.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/train/tiny_job.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temporary_directory.h"

namespace simclr::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RunFailuresTest : public ::testing::Test {
 protected:
  RunEnd RunTiny(const JobConfig& job) { return engine::Run(job, TinyOptions(root_.path()), observer_); }

  TemporaryDirectory root_;
  RecordingObserver observer_;
};

TEST_F(RunFailuresTest, WritesInitCheckpointsAndExportWhereNothingFails) {
  const RunEnd end = RunTiny(TinyJob(2));
  ASSERT_EQ(end.end, EndClass::kSuccess) << end.message;
  EXPECT_EQ(end.step, 8);
  EXPECT_EQ(end.total_steps, 8);
  EXPECT_EQ(end.results.at("pretrain/loss"), observer_.losses.at(8));
  EXPECT_THAT(*PosixFileSystem().List(root_ / "j-1"), ElementsAre("checkpoints", "export", "init"));
  EXPECT_THAT(*PosixFileSystem().List(root_ / "j-1/checkpoints"), ElementsAre("a1-s4", "a1-s8"));
}

TEST_F(RunFailuresTest, DeletesCheckpointsThatAreRetiredAndNothingOutside) {
  ASSERT_TRUE(PosixFileSystem().MakeDirectories(root_ / "j-2/checkpoints/a1-s4").ok());
  observer_.after_step = [this](std::int64_t step) {
    if (step == 8) observer_.retired = {"j-1/checkpoints/a1-s4", "j-2/checkpoints/a1-s4"};
  };
  ASSERT_EQ(RunTiny(TinyJob(2)).end, EndClass::kSuccess);
  EXPECT_THAT(*PosixFileSystem().List(root_ / "j-1/checkpoints"), ElementsAre("a1-s8"));
  EXPECT_TRUE(PosixFileSystem().Exists(root_ / "j-2/checkpoints/a1-s4"));
}

TEST_F(RunFailuresTest, StopsAfterTheStepInWhichItWasAskedToDrainAndSaves) {
  observer_.drain_in_step = 3;
  const RunEnd end = RunTiny(TinyJob(2));
  EXPECT_EQ(end.end, EndClass::kDrained);
  EXPECT_EQ(end.step, 3);
  ASSERT_EQ(observer_.checkpoints.size(), 1u);
  EXPECT_EQ(observer_.checkpoints[0].step, 3);
}

TEST_F(RunFailuresTest, NamesStepRateAndCheckpointOfANonFiniteLoss) {
  JobConfig job = TinyJob(3);
  job.optimizer = {.kind = OptimizerKind::kSgd,
                   .lr = 1e200,
                   .scaling = LrScaling::kNone,
                   .warmup_epochs = 0,
                   .schedule = LrScheduleKind::kConstant};
  const RunEnd end = RunTiny(job);
  EXPECT_EQ(end.end, EndClass::kNonFinite);
  EXPECT_THAT(end.message, HasSubstr("in step"));
  EXPECT_THAT(end.message, HasSubstr("learning rate 1e+200"));
  EXPECT_THAT(end.message, HasSubstr("last good checkpoint: none"));
  EXPECT_LT(end.step, 12);
}

TEST_F(RunFailuresTest, KeepsTheOldCheckpointWhenTheDiskIsFull) {
  FaultyFileSystem files;
  files.FillAfter(0, "a1-s8");
  RunOptions options = TinyOptions(root_.path());
  options.files = &files;
  const RunEnd end = engine::Run(TinyJob(3), options, observer_);
  EXPECT_EQ(end.end, EndClass::kStorageFull);
  EXPECT_THAT(end.message, HasSubstr("a1-s8"));
  EXPECT_THAT(*PosixFileSystem().List(root_ / "j-1/checkpoints"), ElementsAre("a1-s4"));
}

TEST_F(RunFailuresTest, RefusesABatchLargerThanTheDataSet) {
  JobConfig job = TinyJob(1);
  job.train.global_batch = 128;
  const RunEnd end = RunTiny(job);
  EXPECT_EQ(end.end, EndClass::kConfigError);
  EXPECT_THAT(end.message, HasSubstr("larger than the data set of 64 images"));
}

TEST_F(RunFailuresTest, CallsAMissingPathADataErrorAndNamesIt) {
  JobConfig job = TinyJob(1);
  job.data.source = "folder:" + (root_ / "nowhere");
  const RunEnd end = RunTiny(job);
  EXPECT_EQ(end.end, EndClass::kDataError);
  EXPECT_THAT(end.message, HasSubstr("nowhere"));
}

TEST_F(RunFailuresTest, RefusesDataOutsideTheRoots) {
  JobConfig job = TinyJob(1);
  job.data.source = "folder:/etc";
  RunOptions options = TinyOptions(root_.path());
  options.data_roots = {root_.path()};
  const RunEnd end = engine::Run(job, options, observer_);
  EXPECT_EQ(end.end, EndClass::kDataError);
  EXPECT_THAT(end.message, HasSubstr("not under a data root"));
}

TEST_F(RunFailuresTest, NamesWhatIsWrongWithModelInit) {
  JobConfig job = TinyJob(1);
  ASSERT_EQ(RunTiny(job).end, EndClass::kSuccess);
  job.model.init = root_ / "j-1/export";
  job.model.width = 0.25;
  const RunEnd end = engine::Run(job, TinyOptions(root_.path(), "j-2"), observer_);
  EXPECT_EQ(end.end, EndClass::kConfigError);
  EXPECT_THAT(end.message, HasSubstr("'conv1.weight'"));
}

TEST_F(RunFailuresTest, StartsFromTheWeightsOfModelInit) {
  JobConfig job = TinyJob(1);
  ASSERT_EQ(RunTiny(job).end, EndClass::kSuccess);
  job.model.init = root_ / "j-1/export";
  ASSERT_EQ(engine::Run(job, TinyOptions(root_.path(), "j-2"), observer_).end, EndClass::kSuccess);
  EXPECT_EQ(*PosixFileSystem().Read(root_ / "j-2/init/model.safetensors"),
            *PosixFileSystem().Read(root_ / "j-1/export/model.safetensors"));
}

}  // namespace
}  // namespace simclr::engine
