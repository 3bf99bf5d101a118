#include "worker/trainer/local_run.h"

#include "common/base/file_system.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temporary_directory.h"

namespace simclr::trainer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kJobs[] = R"(
name: tiny
resources: {ranks: 2}
data: {source: "synthetic:train=32,test=32,size=16", image_size: 16}
augment: {preset: cifar10}
model: {encoder: resnet18, width: 0.125, stem: cifar, head: {out: 8}}
optimizer: {warmup_epochs: 0}
train: {epochs: 3, global_batch: 16, precision: fp32}
---
name: tiny-linear
kind: linear-eval
after: tiny
data: {source: "synthetic:train=32,test=32,size=16", test: "synthetic:train=32,test=32,size=16"}
linear_eval: {epochs: 2}
)";

class LocalRunTest : public ::testing::Test {
 protected:
  engine::RunEnd RunJobs(const std::string& text, std::vector<std::string> sets = {}) {
    EXPECT_TRUE(PosixFileSystem().Write(directory_ / "job.yaml", text).ok());
    return RunLocally({directory_ / "job.yaml", directory_ / "out", std::move(sets), 1}, stop_);
  }

  StopSignals stop_;
  TemporaryDirectory directory_;
};

TEST_F(LocalRunTest, RunsAllJobsOfTheFileAndKeepsTheNewestCheckpoints) {
  const engine::RunEnd end = RunJobs(kJobs);
  ASSERT_EQ(end.end, engine::EndClass::kSuccess) << end.message;
  EXPECT_EQ(end.results.count("linear_eval/top1"), 1u);
  EXPECT_EQ(end.results.count("linear_eval/top1_random"), 1u);
  EXPECT_THAT(*PosixFileSystem().List(directory_ / "out/tiny/checkpoints"), ElementsAre("a1-s4", "a1-s6"));
  EXPECT_TRUE(PosixFileSystem().Exists(directory_ / "out/tiny/export/encoder.py"));
}

TEST_F(LocalRunTest, GoesOnAfterTheNewestCheckpoint) {
  ASSERT_EQ(RunJobs(kJobs).end, engine::EndClass::kSuccess);
  const std::string out = directory_ / "out/tiny";
  ASSERT_TRUE(PosixFileSystem().RemoveAll(out + "/checkpoints/a1-s6").ok());
  ASSERT_EQ(RunJobs(kJobs).end, engine::EndClass::kSuccess);
  EXPECT_THAT(*PosixFileSystem().List(out + "/checkpoints"), ElementsAre("a1-s4", "a2-s6"));
}

TEST_F(LocalRunTest, RefusesADirectoryOfAnotherJobOfThatName) {
  ASSERT_EQ(RunJobs(kJobs).end, engine::EndClass::kSuccess);
  const engine::RunEnd end = RunJobs(kJobs, {"train.seed=2"});
  EXPECT_EQ(end.end, engine::EndClass::kConfigError);
  EXPECT_THAT(end.message, HasSubstr("another job called 'tiny'"));
}

TEST_F(LocalRunTest, NamesAnUnknownField) {
  const engine::RunEnd end = RunJobs("data: {sauce: 'synthetic:'}");
  EXPECT_EQ(end.end, engine::EndClass::kConfigError);
  EXPECT_THAT(end.message, HasSubstr("sauce"));
}

TEST_F(LocalRunTest, NamesAMissingJobFile) {
  const engine::RunEnd end = RunLocally({directory_ / "nowhere.yaml", directory_ / "out", {}, 1}, stop_);
  EXPECT_EQ(end.end, engine::EndClass::kConfigError);
  EXPECT_THAT(end.message, HasSubstr("nowhere.yaml"));
}

TEST_F(LocalRunTest, SavesAndStopsOnASignal) {
  ::raise(SIGTERM);
  const engine::RunEnd end = RunJobs(kJobs);
  EXPECT_EQ(end.end, engine::EndClass::kDrained);
  EXPECT_THAT(*PosixFileSystem().List(directory_ / "out/tiny/checkpoints"), ElementsAre("a1-s1"));
  int signal = 0;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigwait(&set, &signal);  // so that it does not end the next test
}

}  // namespace
}  // namespace simclr::trainer
