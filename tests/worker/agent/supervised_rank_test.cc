#include "worker/agent/supervised_rank.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "common/base/file_system.h"
#include "common/base/text.h"
#include "tests/support/fake_trainer.h"
#include "tests/support/temporary_directory.h"

namespace simclr::agent {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class SupervisedRankTest : public ::testing::Test {
 protected:
  std::unique_ptr<SupervisedRank> Start(const v1::TrainerStart& start = {}) {
    SupervisedRank::Options options;
    options.memory_cgroup = {directory_ / "membership", directory_ / "cgroup"};
    return std::make_unique<SupervisedRank>(options, start, launcher_.Launch({}).value(), directory_ / "log",
                                            link_, absl::ZeroDuration());
  }
  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(PosixFileSystem().MakeDirectories(directory_ / "cgroup").ok());
    ASSERT_TRUE(PosixFileSystem().Write(directory_ / name, text).ok());
  }

  TemporaryDirectory directory_;
  FakeTrainerLauncher launcher_;
  FakeTrainerLink link_;
};

TEST_F(SupervisedRankTest, NamesTheOutOfMemoryKillerWhereTheKernelCountedIt) {
  Write("membership", "0::/\n");
  Write("cgroup/memory.events", "oom_kill 1\n");
  Write("cgroup/memory.max", "1073741824\n");
  Write("log", "");
  const auto rank = Start();
  EXPECT_EQ(rank->DescribeExit({-1, SIGKILL}).message(), "ended by signal 9; its log is empty");
  Write("cgroup/memory.events", "oom_kill 2\n");
  const v1::ReportExitRequest exit = rank->DescribeExit({-1, SIGKILL});
  EXPECT_EQ(exit.failure(), v1::FAILURE_CLASS_CRASH);  // another time the memory may do
  EXPECT_THAT(exit.message(), HasSubstr("ended by signal 9; the kernel's out-of-memory killer was at work"));
  EXPECT_THAT(exit.message(), HasSubstr("1.0 GiB"));
  EXPECT_EQ(rank->DescribeExit({-1, SIGSEGV}).message(), "ended by signal 11; its log is empty");
}

TEST_F(SupervisedRankTest, QuotesTheEndOfALogThatIsNoText) {
  Write("log", std::string(9000, '\xff') + "cannot read caf\xe9.png\x1b[2J\n");
  const std::string message = Start()->DescribeExit({1, 0}).message();
  EXPECT_TRUE(IsUtf8(message));
  EXPECT_THAT(message, testing::StartsWith("exited with code 1; end of its log:\n\\xff"));
  EXPECT_THAT(message, EndsWith("cannot read caf\\xe9.png\\x1b[2J\n"));
  EXPECT_LE(message.size(), kMaxMessageText);
}

TEST_F(SupervisedRankTest, EndsATrainerOfAnotherBuildBeforeItGetsAnOrder) {
  v1::TrainerStart start;
  start.mutable_rank()->set_build("simclr one");
  for (const bool same : {true, false}) {
    const auto rank = Start(start);
    v1::TrainerReport report;
    report.mutable_hello()->set_pid(static_cast<int>(launcher_.trainers.back()->pid));
    report.mutable_hello()->set_build(same ? "simclr one" : "simclr two");
    rank->OnReport(report, absl::ZeroDuration());
    EXPECT_EQ(launcher_.trainers.back()->exit().has_value(), !same);
    if (same) continue;
    const v1::ReportExitRequest exit = rank->DescribeExit(*launcher_.trainers.back()->exit());
    EXPECT_EQ(exit.failure(), v1::FAILURE_CLASS_BUILD_DIFFERS);
    EXPECT_EQ(exit.message(), "its build is 'simclr two'; the attempt was placed for 'simclr one'");
  }
  ASSERT_EQ(link_.orders.size(), 1u);
  EXPECT_EQ(link_.orders.begin()->second.size(), 1u) << "of the one with the same build";
}

}  // namespace
}  // namespace simclr::agent
