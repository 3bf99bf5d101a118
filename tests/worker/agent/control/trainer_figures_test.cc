#include "worker/agent/control/trainer_figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simclr::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr absl::Duration kNow = absl::Hours(1);

v1::DesiredRank Rank(int attempt, int rank = 0) {
  v1::DesiredRank wanted;
  wanted.set_job_id("j-1");
  wanted.set_attempt(attempt);
  wanted.set_rank(rank);
  return wanted;
}

v1::TrainerReport Totals(std::int64_t steps) {
  v1::TrainerReport report;
  v1::TrainerTotals& totals = *report.mutable_totals();
  totals.set_steps(steps);
  (*totals.mutable_seconds())["forward"] = static_cast<double>(steps) / 2;
  v1::Histogram& written = *totals.mutable_checkpoint_seconds();
  written.add_bounds(1);
  written.add_counts(steps / 10);
  written.add_counts(0);
  return report;
}

class TrainerFiguresTest : public ::testing::Test {
 protected:
  void Tell(int attempt, const v1::TrainerReport& report, int rank = 0) {
    figures_.OnReport({"j-1", attempt, rank, ""}, report, absl::UnixEpoch());
  }
  void End(int attempt, v1::FailureClass failure, int rank = 0, bool in_checkpoint = false) {
    v1::ReportExitRequest exit;
    exit.set_job_id("j-1");
    exit.set_attempt(attempt);
    exit.set_rank(rank);
    exit.set_failure(failure);
    figures_.OnExit(exit, in_checkpoint, kNow);
  }
  const RankFigures& rank(int rank = 0) const { return figures_.ranks().at({"j-1", rank}); }
  v1::TrainerTotals totals() const { return TotalsOf(rank()); }

  TrainerFigures figures_;
};

TEST_F(TrainerFiguresTest, CountARepeatedReportOnce) {
  figures_.OnStart(Rank(1));
  Tell(1, Totals(10));
  Tell(1, Totals(10));
  EXPECT_EQ(totals().steps(), 10);
  EXPECT_EQ(totals().seconds().at("forward"), 5);
  EXPECT_THAT(totals().checkpoint_seconds().counts(), ElementsAre(1, 0));
}

TEST_F(TrainerFiguresTest, GoOnCountingWhereATrainerStartsAgain) {
  figures_.OnStart(Rank(1));
  Tell(1, Totals(30));
  End(1, v1::FAILURE_CLASS_CRASH);
  figures_.OnStart(Rank(2));
  EXPECT_EQ(totals().steps(), 30);
  Tell(2, Totals(10));
  Tell(2, Totals(20));
  EXPECT_EQ(totals().steps(), 50);
  EXPECT_EQ(totals().seconds().at("forward"), 25);
  EXPECT_THAT(totals().checkpoint_seconds().counts(), ElementsAre(5, 0));
}

TEST_F(TrainerFiguresTest, IgnoreWhatALateTrainerOfAnOldAttemptSays) {
  figures_.OnStart(Rank(1));
  Tell(1, Totals(30));
  figures_.OnStart(Rank(2));
  Tell(1, Totals(40));
  End(1, v1::FAILURE_CLASS_CANCELLED);
  EXPECT_EQ(totals().steps(), 30);
  EXPECT_FALSE(rank().ended_at.has_value());
}

TEST_F(TrainerFiguresTest, IgnoreRanksThatNeverStartedHere) {
  Tell(1, Totals(30));
  EXPECT_THAT(figures_.ranks(), IsEmpty());
}

TEST_F(TrainerFiguresTest, AreForgottenAStatedTimeAfterTheEnd) {
  figures_.OnStart(Rank(1, 0));
  figures_.OnStart(Rank(1, 1));
  Tell(1, Totals(10));
  End(1, v1::FAILURE_CLASS_SUCCESS);
  figures_.Forget(kNow + kSeriesKept - absl::Seconds(1));
  EXPECT_THAT(figures_.ranks(), SizeIs(2));
  figures_.Forget(kNow + kSeriesKept);
  ASSERT_THAT(figures_.ranks(), SizeIs(1));
  EXPECT_EQ(figures_.ranks().begin()->first.second, 1);  // it lives
}

TEST_F(TrainerFiguresTest, AreKeptWhereTheRankStartsAgainInTime) {
  figures_.OnStart(Rank(1));
  Tell(1, Totals(10));
  End(1, v1::FAILURE_CLASS_DRAINED);
  figures_.OnStart(Rank(2));
  figures_.Forget(kNow + absl::Hours(1));
  EXPECT_EQ(totals().steps(), 10);
}

TEST_F(TrainerFiguresTest, CountCheckpointsOfForgottenRanksOn) {
  figures_.OnStart(Rank(1));
  Tell(1, Totals(10));
  End(1, v1::FAILURE_CLASS_SUCCESS);
  figures_.Forget(kNow + absl::Hours(1));
  figures_.OnStart(Rank(2));
  Tell(2, Totals(20));
  EXPECT_THAT(figures_.checkpoint_seconds().counts(), ElementsAre(3, 0));
}

TEST_F(TrainerFiguresTest, KeepWhatADroppedRankDidInTheSumOfItsJob) {
  figures_.OnStart(Rank(1, 0));
  figures_.OnStart(Rank(1, 1));
  Tell(1, Totals(10), 0);
  Tell(1, Totals(20), 1);
  End(1, v1::FAILURE_CLASS_NON_FINITE, 0);
  figures_.Forget(kNow + kSeriesKept);
  ASSERT_THAT(figures_.ranks(), SizeIs(1));
  EXPECT_EQ(figures_.jobs().at("j-1").totals.steps(), 30);
  EXPECT_EQ(figures_.jobs().at("j-1").non_finite, 1);

  figures_.OnStart(Rank(2, 0));  // it comes back
  Tell(2, Totals(5), 0);
  EXPECT_EQ(figures_.jobs().at("j-1").totals.steps(), 35);
}

TEST_F(TrainerFiguresTest, ForgetAJobWithItsLastRank) {
  figures_.OnStart(Rank(1, 0));
  figures_.OnStart(Rank(1, 1));
  Tell(1, Totals(10), 0);
  End(1, v1::FAILURE_CLASS_SUCCESS, 0);
  figures_.Forget(kNow + kSeriesKept);
  End(1, v1::FAILURE_CLASS_SUCCESS, 1);
  figures_.Forget(kNow + kSeriesKept);
  EXPECT_THAT(figures_.jobs(), IsEmpty());
  figures_.OnStart(Rank(2, 0));
  EXPECT_EQ(figures_.jobs().at("j-1").totals.steps(), 0);
}

TEST_F(TrainerFiguresTest, CountAFailureOfAllRanksOnce) {
  figures_.OnStart(Rank(1, 0));
  figures_.OnStart(Rank(1, 1));
  End(1, v1::FAILURE_CLASS_NON_FINITE, 0);
  End(1, v1::FAILURE_CLASS_NON_FINITE, 1);
  EXPECT_EQ(rank(0).non_finite + rank(1).non_finite, 1);
  EXPECT_EQ(figures_.exits().at(v1::FAILURE_CLASS_NON_FINITE), 2);
}

TEST_F(TrainerFiguresTest, CountACheckpointAsFailedWhereItsWriterFailedMeanwhile) {
  figures_.OnStart(Rank(1));
  End(1, v1::FAILURE_CLASS_CANCELLED, 0, /*in_checkpoint=*/true);
  End(1, v1::FAILURE_CLASS_CRASH, 0, /*in_checkpoint=*/false);
  EXPECT_EQ(figures_.failed_checkpoints(), 0);
  End(1, v1::FAILURE_CLASS_STORAGE_FULL, 0, /*in_checkpoint=*/true);
  EXPECT_EQ(figures_.failed_checkpoints(), 1);
}

TEST_F(TrainerFiguresTest, ShowTheResultsOfAnEvaluationInTheEnd) {
  figures_.OnStart(Rank(1));
  v1::ReportExitRequest exit;
  exit.set_job_id("j-1");
  exit.set_attempt(1);
  (*exit.mutable_results())["linear_eval/top1"] = 0.75;
  (*exit.mutable_results())["linear_eval/top5"] = 0.875;
  figures_.OnExit(exit, false, kNow);
  EXPECT_EQ(rank().measures.at("eval/top1"), 0.75);
  EXPECT_EQ(rank().measures.at("eval/top5"), 0.875);
}

}  // namespace
}  // namespace simclr::agent
