#include "worker/agent/control/supervised_rank.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "tests/support/fake_trainer.h"

namespace simclr::agent {
namespace {

class SupervisedRankTest : public ::testing::Test {
 protected:
  std::unique_ptr<SupervisedRank> Start(const v1::TrainerStart& start = {}) {
    return std::make_unique<SupervisedRank>(SupervisedRank::Options(), start, launcher_.Launch({}).value(),
                                            "/log", std::nullopt, link_, absl::ZeroDuration());
  }
  FakeTrainer& trainer() { return *launcher_.trainers.back(); }

  FakeTrainerLauncher launcher_;
  FakeTrainerLink link_;
};

TEST_F(SupervisedRankTest, HasItsLogAskedOnlyWhereNobodyElseKnowsWhyItEnded) {
  EXPECT_TRUE(Start()->Explains({0, 0}));
  EXPECT_FALSE(Start()->Explains({1, 0}));
  const auto killed = Start();
  killed->Kill(KilledFor::kUnwanted, "no longer wanted here", absl::ZeroDuration());
  EXPECT_TRUE(killed->Explains({-1, SIGTERM}));
  const auto told = Start();
  v1::TrainerReport report;
  report.mutable_end()->set_message("the disk is full");
  told->OnReport(report, absl::ZeroDuration());
  EXPECT_TRUE(told->Explains({33, 0}));
  EXPECT_EQ(told->DescribeExit({33, 0}, std::nullopt).message(), "the disk is full");
}

TEST_F(SupervisedRankTest, TellsWhatItsLogSaidOrThatItDidNotAnswer) {
  EXPECT_EQ(Start()->DescribeExit({1, 0}, "exited with code 1; its log is empty").message(),
            "exited with code 1; its log is empty");
  EXPECT_EQ(Start()->DescribeExit({-1, SIGSEGV}, std::nullopt).message(),
            "ended by signal 11; the disk of its log does not answer");
}

TEST_F(SupervisedRankTest, EndsATrainerOfAnotherBuildBeforeItGetsAnOrder) {
  v1::TrainerStart start;
  start.mutable_rank()->set_build("simclr one");
  for (const bool same : {true, false}) {
    const auto rank = Start(start);
    v1::TrainerReport report;
    report.mutable_hello()->set_pid(static_cast<int>(trainer().pid));
    report.mutable_hello()->set_build(same ? "simclr one" : "simclr two");
    rank->OnReport(report, absl::ZeroDuration());
    EXPECT_EQ(trainer().exit().has_value(), !same);
    if (same) continue;
    const v1::ReportExitRequest exit = rank->DescribeExit(*trainer().exit(), std::nullopt);
    EXPECT_EQ(exit.failure(), v1::FAILURE_CLASS_BUILD_DIFFERS);
    EXPECT_EQ(exit.message(), "its build is 'simclr two'; the attempt was placed for 'simclr one'");
  }
  ASSERT_EQ(link_.orders.size(), 1u);
  EXPECT_EQ(link_.orders.begin()->second.size(), 1u) << "of the one with the same build";
}

TEST_F(SupervisedRankTest, IsStuckWhereSigkillDoesNotEndIt) {
  const auto rank = Start();
  trainer().WaitIn("folio_wait_bit");
  rank->Kill(KilledFor::kHang, "frozen", absl::ZeroDuration());
  rank->Tick(absl::Seconds(6));
  rank->Tick(absl::Seconds(10));
  EXPECT_EQ(rank->Observed(absl::Seconds(10)).stuck(), "") << "it may take a while";
  rank->Tick(absl::Seconds(11));
  EXPECT_EQ(rank->Observed(absl::Seconds(11)).stuck(),
            "pid 1000 does not end: it waits in the kernel (folio_wait_bit)");
}

}  // namespace
}  // namespace simclr::agent
