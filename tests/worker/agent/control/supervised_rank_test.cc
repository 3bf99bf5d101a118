#include "worker/agent/control/supervised_rank.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "tests/support/fake_trainer.h"

namespace simclr::agent {
namespace {

class SupervisedRankTest : public ::testing::Test {
 protected:
  std::unique_ptr<SupervisedRank> Start() {
    return std::make_unique<SupervisedRank>(SupervisedRank::Options(), v1::TrainerStart(),
                                            launcher_.Launch({}).value(), "/log", std::nullopt, link_,
                                            absl::ZeroDuration());
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
