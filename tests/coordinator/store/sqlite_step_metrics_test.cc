#include "coordinator/store/sqlite_step_metrics.h"

#include <gtest/gtest.h>

#include "common/base/file_system.h"
#include "tests/support/temporary_directory.h"

namespace simclr::coordinator {
namespace {

std::vector<v1::StepMetrics> Steps(int first, int last) {
  std::vector<v1::StepMetrics> samples;
  for (int step = first; step <= last; ++step) {
    samples.emplace_back().set_step(step);
    (*samples.back().mutable_values())["loss"] = 0.5 * step;
  }
  return samples;
}

class SqliteStepMetricsTest : public ::testing::Test {
 protected:
  TemporaryDirectory temporary_;
  const std::string path_ = temporary_ / "metrics.db";
  std::unique_ptr<SqliteStepMetrics> metrics_ = SqliteStepMetrics::Open(path_, {.points_limit = 100}).value();
};

TEST_F(SqliteStepMetricsTest, GivesBackWhatFollowsAStep) {
  ASSERT_TRUE(metrics_->Append("j-1", 1, "n1", Steps(1, 5)).ok());
  ASSERT_TRUE(metrics_->Append("j-2", 1, "n1", Steps(1, 9)).ok());
  const auto samples = metrics_->Read("j-1", 3).value();
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].step(), 4);
  EXPECT_EQ(samples[0].attempt(), 1);
  EXPECT_EQ(samples[0].values().at("loss"), 2.0);
}

TEST_F(SqliteStepMetricsTest, TakesARepeatedStepOnce) {
  ASSERT_TRUE(metrics_->Append("j-1", 1, "n1", Steps(1, 5)).ok());
  ASSERT_TRUE(metrics_->Append("j-1", 1, "n1", Steps(4, 6)).ok());
  EXPECT_EQ(metrics_->Read("j-1", 0).value().size(), 6u);
}

TEST_F(SqliteStepMetricsTest, KeepsTheSameStepOfTwoAttempts) {
  ASSERT_TRUE(metrics_->Append("j-1", 1, "n1", Steps(1, 3)).ok());
  ASSERT_TRUE(metrics_->Append("j-1", 2, "n2", Steps(3, 3)).ok());
  EXPECT_EQ(metrics_->Read("j-1", 0).value().size(), 4u);
}

TEST_F(SqliteStepMetricsTest, ThinsByHalvesBeyondItsLimit) {
  ASSERT_TRUE(metrics_->Append("j-1", 1, "n1", Steps(1, 1000)).ok());
  const auto samples = metrics_->Read("j-1", 0).value();
  EXPECT_LE(samples.size(), 100u);
  EXPECT_GE(samples.size(), 50u);
  EXPECT_EQ(samples[0].step(), 1);
  const std::int64_t stride = samples[1].step() - samples[0].step();
  EXPECT_EQ(stride, 16);
  for (std::size_t i = 1; i < samples.size(); ++i)
    EXPECT_EQ(samples[i].step() - samples[i - 1].step(), stride);
}

TEST_F(SqliteStepMetricsTest, KeepsTheSameAttemptOfTwoPlacements) {
  ASSERT_TRUE(metrics_->Append("j-1", 2, "n1", Steps(1, 3)).ok());
  ASSERT_TRUE(metrics_->Append("j-1", 2, "n2", Steps(3, 3)).ok());
  EXPECT_EQ(metrics_->Read("j-1", 0).value().size(), 4u);
}

TEST_F(SqliteStepMetricsTest, DeletesThoseOfOneJob) {
  ASSERT_TRUE(metrics_->Append("j-1", 1, "n1", Steps(1, 1000)).ok());
  ASSERT_TRUE(metrics_->Append("j-2", 1, "n1", Steps(1, 2)).ok());
  ASSERT_TRUE(metrics_->Delete("j-1").ok());
  EXPECT_EQ(metrics_->Read("j-1", 0).value().size(), 0u);
  EXPECT_EQ(metrics_->Read("j-2", 0).value().size(), 2u);
  ASSERT_TRUE(metrics_->Append("j-1", 1, "n1", Steps(1, 2)).ok());
  EXPECT_EQ(metrics_->Read("j-1", 0).value().size(), 2u) << "it begins with every step again";
}

TEST_F(SqliteStepMetricsTest, PutsADamagedFileAsideAtTheStart) {
  metrics_.reset();
  ASSERT_TRUE(PosixFileSystem().Write(path_, std::string(8192, 'x')).ok());
  metrics_ = SqliteStepMetrics::Open(path_).value();
  EXPECT_TRUE(metrics_->Append("j-1", 1, "n1", Steps(1, 5)).ok());
  EXPECT_EQ(metrics_->Read("j-1", 0).value().size(), 5u);
  EXPECT_EQ(PosixFileSystem().Read(path_ + ".damaged-1").value(), std::string(8192, 'x'));
}

TEST_F(SqliteStepMetricsTest, PutsAFileAsideThatIsFoundDamagedLater) {
  ASSERT_TRUE(metrics_->Append("j-1", 1, "n1", Steps(1, 90)).ok());
  metrics_.reset();
  std::string bytes = PosixFileSystem().Read(path_).value();
  bytes.replace(4096, std::string::npos, std::string(bytes.size() - 4096, 'x'));
  ASSERT_TRUE(PosixFileSystem().Write(path_, bytes).ok());
  metrics_ = SqliteStepMetrics::Open(path_).value();
  EXPECT_TRUE(metrics_->Append("j-1", 1, "n1", Steps(1, 5)).ok());
  EXPECT_EQ(metrics_->Read("j-1", 0).value().size(), 5u);
  EXPECT_TRUE(PosixFileSystem().Exists(path_ + ".damaged-1"));
}

}  // namespace
}  // namespace simclr::coordinator
