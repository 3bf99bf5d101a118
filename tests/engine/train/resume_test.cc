#include <csignal>

#include "common/base/file_system.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/data/sampler.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/train/tiny_job.h"
#include "tests/support/temporary_directory.h"

namespace simclr::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kEpochs = 3;
constexpr std::int64_t kLastStep = 12;

// What an undisturbed run ends with.
struct Reference {
  std::map<std::int64_t, double> losses;
  std::map<std::string, std::string> checksums;
};

Reference RunUndisturbed(const JobConfig& job) {
  const TemporaryDirectory root;
  RecordingObserver observer;
  const RunEnd end = engine::Run(job, TinyOptions(root.path()), observer);
  EXPECT_EQ(end.end, EndClass::kSuccess) << end.message;
  EXPECT_EQ(end.step, kLastStep);
  return {observer.losses, Checksums(root.path(), "j-1/checkpoints/a1-s12")};
}

std::vector<std::int64_t> NextSamples(const std::string& root, const std::string& checkpoint) {
  const auto store = MakeDirectoryStore(root, PosixFileSystem());
  const Position position = ReadCheckpoint(*store, checkpoint, "")->position;
  return Sampler(position.dataset_size, position.global_batch, position.seed, 0, 1).RankBatch(position.step);
}

// Goes on as attempt 2 and expects the last step and all losses after `from` to be those of the undisturbed
// run, bit for bit.
void ExpectResumesExactly(const JobConfig& job, const std::string& root, std::vector<CheckpointRef> resume,
                          std::int64_t from) {
  RunOptions options = TinyOptions(root);
  options.attempt = 2;
  options.nonce = "1f2e3d4c5b6a7980";  // the checkpoints that it goes on from were written without one
  options.resume = std::move(resume);
  RecordingObserver observer;
  const RunEnd end = engine::Run(job, options, observer);
  ASSERT_EQ(end.end, EndClass::kSuccess) << end.message;
  EXPECT_EQ(observer.resumed_from_step(), from);
  const Reference reference = RunUndisturbed(job);
  EXPECT_EQ(observer.losses.begin()->first, from + 1);
  for (const auto& [step, loss] : observer.losses) EXPECT_EQ(loss, reference.losses.at(step)) << step;
  EXPECT_EQ(Checksums(root, "j-1/checkpoints/a2-1f2e3d4c-s12"), reference.checksums);
  EXPECT_EQ(reference.checksums.size(), 3u);
}

class ResumeTest : public ::testing::TestWithParam<OptimizerKind> {
 protected:
  JobConfig Job() const {
    JobConfig job = TinyJob(kEpochs);
    job.optimizer.kind = GetParam();
    if (GetParam() == OptimizerKind::kSgd) job.optimizer.lr = 0.1;
    return job;
  }
  TemporaryDirectory root_;
};
INSTANTIATE_TEST_SUITE_P(Optimizers, ResumeTest,
                         ::testing::Values(OptimizerKind::kLars, OptimizerKind::kSgd));

TEST_P(ResumeTest, IsExactAfterAKillInTheMiddleOfAnEpoch) {
  const auto train_and_die = [this] {
    RecordingObserver observer;
    observer.after_step = [](std::int64_t step) {
      if (step == 6) ::raise(SIGKILL);
    };
    engine::Run(Job(), TinyOptions(root_.path()), observer);
  };
  EXPECT_EXIT(train_and_die(), ::testing::KilledBySignal(SIGKILL), "");
  EXPECT_EQ(NextSamples(root_.path(), "j-1/checkpoints/a1-s4"), Sampler(64, 16, 1, 0, 1).RankBatch(4));
  ExpectResumesExactly(Job(), root_.path(), {{"j-1/checkpoints/a1-s4", 4, ""}}, 4);
}

TEST_P(ResumeTest, IsExactFromACheckpointInTheMiddleOfAnEpoch) {
  RecordingObserver first;
  first.drain_in_step = 6;
  const RunEnd end = engine::Run(Job(), TinyOptions(root_.path()), first);
  ASSERT_EQ(end.end, EndClass::kDrained) << end.message;
  EXPECT_EQ(end.step, 6);
  ExpectResumesExactly(Job(), root_.path(), first.Resume(), 6);
}

TEST(Resume, IsExactInFloat32WithMomentumAndNesterov) {
  JobConfig job = TinyJob(kEpochs);
  job.train.precision = PrecisionChoice::kFp32;
  job.optimizer = {.kind = OptimizerKind::kSgd, .lr = 0.05, .scaling = LrScaling::kNone, .nesterov = true};
  const TemporaryDirectory root;
  RecordingObserver first;
  first.drain_in_step = 5;
  ASSERT_EQ(engine::Run(job, TinyOptions(root.path()), first).end, EndClass::kDrained);
  ExpectResumesExactly(job, root.path(), first.Resume(), 5);
}

TEST(Resume, IsExactInBf16) {
  JobConfig job = TinyJob(kEpochs);
  job.train.precision = PrecisionChoice::kBf16;
  const TemporaryDirectory root;
  RecordingObserver first;
  first.drain_in_step = 6;
  ASSERT_EQ(engine::Run(job, TinyOptions(root.path()), first).end, EndClass::kDrained);
  ExpectResumesExactly(job, root.path(), first.Resume(), 6);
}

TEST(Resume, FallsBackFromATornCheckpointWithAWarning) {
  const JobConfig job = TinyJob(kEpochs);
  const TemporaryDirectory root;
  RecordingObserver first;
  first.drain_in_step = 9;
  ASSERT_EQ(engine::Run(job, TinyOptions(root.path()), first).end, EndClass::kDrained);
  const std::string torn = first.checkpoints.back().path + "/model.safetensors";
  ASSERT_TRUE(PosixFileSystem().Write(root / torn, "torn").ok());

  RunOptions options = TinyOptions(root.path());
  options.attempt = 2;
  options.resume = first.Resume();
  RecordingObserver second;
  const RunEnd end = engine::Run(job, options, second);
  EXPECT_EQ(end.end, EndClass::kSuccess) << end.message;
  EXPECT_EQ(second.resumed_from_step(), 8);
  EXPECT_THAT(second.warnings, ElementsAre(HasSubstr("a1-s9")));
}

TEST(Resume, FailsWhereNoCheckpointCanBeRead) {
  const TemporaryDirectory root;
  RunOptions options = TinyOptions(root.path());
  options.resume = {{"j-1/checkpoints/a1-s8", 8, ""}};
  RecordingObserver observer;
  const RunEnd end = engine::Run(TinyJob(kEpochs), options, observer);
  EXPECT_EQ(end.end, EndClass::kDataError);
  EXPECT_THAT(end.message, HasSubstr("a1-s8"));
}

TEST(Resume, RefusesACheckpointOfAnotherBatch) {
  const TemporaryDirectory root;
  RecordingObserver first;
  ASSERT_EQ(engine::Run(TinyJob(1), TinyOptions(root.path()), first).end, EndClass::kSuccess);
  JobConfig other = TinyJob(2);
  other.train.global_batch = 32;
  RunOptions options = TinyOptions(root.path());
  options.resume = first.Resume();
  RecordingObserver second;
  const RunEnd end = engine::Run(other, options, second);
  EXPECT_EQ(end.end, EndClass::kConfigError);
  EXPECT_THAT(end.message, HasSubstr("batch 16"));
}

}  // namespace
}  // namespace simclr::engine
