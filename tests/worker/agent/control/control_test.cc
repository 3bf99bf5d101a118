#include "worker/agent/control/control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/support/control_test_base.h"

namespace simclr::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(ControlTest, StartsATrainerOnceAndTellsItWhatToDoWhenItSaysHello) {
  Want({Wanted()});
  Want({Wanted(v1::ORDER_RUN)});
  Turn();
  ASSERT_THAT(trainers_.trainers, SizeIs(1));
  EXPECT_THAT(link_.orders[kRank], IsEmpty());
  Hello();
  ASSERT_THAT(link_.orders[kRank], SizeIs(2));
  EXPECT_EQ(link_.orders[kRank][0].start().rank().job_id(), "j-1");
  EXPECT_EQ(link_.orders[kRank][0].start().device(), v1::DEVICE_CPU);
  EXPECT_EQ(link_.orders[kRank][1].run().prefix(), "j-1/1/1f2e3d4c5b6a7980");
}

TEST_F(ControlTest, TellsNothingToAProcessThatPosesAsATrainer) {
  Want({Wanted(v1::ORDER_RUN)});
  v1::TrainerReport report;
  report.mutable_hello()->set_pid(1);
  control_.OnTrainerReport(kRank, report);
  EXPECT_THAT(link_.orders[kRank], IsEmpty());
}

TEST_F(ControlTest, RepeatsTheEndpointAndProgressInEveryObserved) {
  Want({Wanted(v1::ORDER_RUN)});
  Hello();
  v1::TrainerReport report;
  report.set_store_endpoint("127.0.0.1:5");
  control_.OnTrainerReport(kRank, report);
  control_.OnTrainerReport(kRank, Progress(12));
  Turn();
  PassTime(absl::Seconds(4));
  const v1::Observed observed = coordinator_.observed().back();
  ASSERT_EQ(observed.ranks_size(), 1);
  EXPECT_EQ(observed.ranks(0).store_endpoint(), "127.0.0.1:5");
  EXPECT_EQ(observed.ranks(0).step(), 12);
  EXPECT_EQ(observed.ranks(0).since_report().seconds(), 4);
  EXPECT_EQ(observed.seen_term(), 1);
  EXPECT_EQ(observed.slots_size(), 2);
}

TEST_F(ControlTest, IsQuietWhileItHeardOrdersLately) {
  control_.OnConnection(true);
  PassTime(absl::Seconds(2));
  EXPECT_FALSE(coordinator_.observed().back().quiet());
  Want({});
  PassTime(absl::Seconds(14));
  EXPECT_TRUE(coordinator_.observed().back().quiet());
  PassTime(absl::Seconds(2));
  EXPECT_FALSE(coordinator_.observed().back().quiet());
  Want({});
  PassTime(absl::Seconds(2));
  EXPECT_TRUE(coordinator_.observed().back().quiet());
  control_.OnConnection(true);
  PassTime(absl::Seconds(2));
  EXPECT_FALSE(coordinator_.observed().back().quiet()) << "a session begins with an answer";
}

TEST_F(ControlTest, ReportsAnEndAfterMetricsAndCommitAndNeverStartsThatRankAgain) {
  Want({Wanted(v1::ORDER_RUN)});
  Hello();
  v1::TrainerReport report;
  report.mutable_metrics()->set_step(5);
  control_.OnTrainerReport(kRank, report);
  report.mutable_checkpoint()->set_step(5);
  control_.OnTrainerReport(kRank, report);
  report.mutable_end()->set_step(5);
  report.mutable_end()->set_epoch(2.5);
  (*report.mutable_end()->mutable_results())["pretrain/loss"] = 0.5;
  control_.OnTrainerReport(kRank, report);
  control_.OnTrainerDetached(kRank);
  trainer().Finish({0, 0});
  Turn();

  const v1::ReportExitRequest exit = Exit();
  EXPECT_EQ(exit.failure(), v1::FAILURE_CLASS_SUCCESS);
  EXPECT_EQ(exit.worker(), "worker-1");
  EXPECT_EQ(exit.incarnation(), 7u);
  EXPECT_EQ(exit.nonce(), kNonce);
  EXPECT_EQ(coordinator_.commits()[0].checkpoint().nonce(), kNonce);
  EXPECT_EQ(coordinator_.metrics()[0].nonce(), kNonce);
  EXPECT_EQ(exit.step(), 5);
  EXPECT_EQ(exit.epoch(), 2.5);
  EXPECT_EQ(exit.results().at("pretrain/loss"), 0.5);
  EXPECT_THAT(coordinator_.taken(), ElementsAre("commit", "metrics", "exit"));
  PassTime(absl::Seconds(5));
  EXPECT_THAT(trainers_.trainers, SizeIs(1));
}

TEST_F(ControlTest, WaitsForTheLastReportsOfAnEndedTrainer) {
  Want({Wanted()});
  Hello();
  trainer().Finish({0, 0});
  Turn();
  EXPECT_EQ(control_.View().observed.ranks_size(), 1);
  PassTime(absl::Seconds(3));
  EXPECT_EQ(control_.View().observed.ranks_size(), 0);
}

TEST_F(ControlTest, SaysThatTheLogOfATrainerIsEmpty) {
  Want({Wanted()});
  WriteLog("");
  trainer().Finish({-1, SIGKILL});
  EXPECT_EQ(Exit().message(), "ended by signal 9; its log is empty");
}

TEST_F(ControlTest, KeepsTheLogInTheArtifactsAndQuotesItsEnd) {
  Want({Wanted()});
  WriteLog("terrible thing\n");
  trainer().Finish({-1, SIGSEGV});
  const v1::ReportExitRequest exit = Exit();
  EXPECT_EQ(exit.failure(), v1::FAILURE_CLASS_CRASH);
  EXPECT_EQ(exit.signal(), SIGSEGV);
  EXPECT_THAT(exit.message(), HasSubstr("terrible thing"));
  EXPECT_EQ(PosixFileSystem().Read(directory_ / "artifacts/j-1/logs/a1-1f2e3d4c-r0.log").value(),
            "terrible thing\n");
  EXPECT_FALSE(PosixFileSystem().Exists(trainer().request.directory));
}

TEST_F(ControlTest, KillsWhatIsNotWantedFirstGently) {
  Want({Wanted()});
  trainer().IgnoreSignals();
  Want({});
  PassTime(absl::Seconds(5));
  EXPECT_THAT(trainer().signals(), ElementsAre(SIGTERM));
  PassTime(absl::Seconds(2));
  EXPECT_THAT(trainer().signals(), ElementsAre(SIGTERM, SIGKILL));
  EXPECT_EQ(Exit().failure(), v1::FAILURE_CLASS_CANCELLED);
}

TEST_F(ControlTest, StartsTheNextAttemptWhenTheSlotIsFree) {
  Want({Wanted()});
  trainer().IgnoreSignals();
  Want({Wanted(v1::ORDER_PREPARE, 2)});
  PassTime(absl::Seconds(3));
  EXPECT_THAT(trainers_.trainers, SizeIs(1));
  PassTime(absl::Seconds(4));
  ASSERT_THAT(trainers_.trainers, SizeIs(2));
  EXPECT_EQ(trainer(1).request.key.attempt, 2);
}

TEST_F(ControlTest, DrainsAndKillsWhoDoesNotObeyInTime) {
  Want({Wanted(v1::ORDER_RUN)});
  Hello();
  Want({Wanted(v1::ORDER_DRAIN)});
  ASSERT_THAT(link_.orders[kRank], SizeIs(3));
  EXPECT_EQ(link_.orders[kRank][2].drain().grace().seconds(), 20);
  control_.OnTrainerReport(kRank, Progress(1));
  PassTime(absl::Seconds(19));
  EXPECT_THAT(trainer().signals(), IsEmpty());
  PassTime(absl::Seconds(2));
  EXPECT_THAT(trainer().signals(), ElementsAre(SIGTERM));
}

TEST_F(ControlTest, DoesNotLengthenTheGraceWhereTheOrderToDrainIsRepeated) {
  Want({Wanted(v1::ORDER_RUN)});
  Hello();
  for (int second = 0; second < 21; ++second) {
    Want({Wanted(v1::ORDER_DRAIN)});
    control_.OnTrainerReport(kRank, Progress(second));
    EXPECT_THAT(trainer().signals(), IsEmpty()) << second;
    PassTime(absl::Seconds(1));
  }
  EXPECT_THAT(trainer().signals(), ElementsAre(SIGTERM));
  EXPECT_THAT(link_.orders[kRank], SizeIs(3));
}

TEST_F(ControlTest, ReadsAnActivityOfTomorrowAsNoneInParticular) {
  Want({Wanted(v1::ORDER_RUN)});
  control_.OnTrainerReport(kRank, Progress(3, static_cast<v1::Activity>(99)));
  EXPECT_EQ(control_.View().observed.ranks(0).activity(), v1::ACTIVITY_UNSPECIFIED);
}

TEST_F(ControlTest, EndsAFrozenTrainerAsHung) {
  Want({Wanted(v1::ORDER_RUN)});
  Hello();
  trainer().IgnoreSignals();
  control_.OnTrainerReport(kRank, Progress(3));
  PassTime(absl::Seconds(31));
  EXPECT_THAT(trainer().signals(), ElementsAre(SIGABRT));
  PassTime(absl::Seconds(9));
  const v1::ReportExitRequest exit = Exit();
  EXPECT_EQ(exit.failure(), v1::FAILURE_CLASS_HANG);
  EXPECT_THAT(exit.message(), HasSubstr("frozen"));
}

TEST_F(ControlTest, BlamesNobodyForThePauseOfTheAgentItself) {
  Want({Wanted(v1::ORDER_RUN)});
  Hello();
  clock_.Advance(absl::Seconds(40));
  Turn();
  EXPECT_THAT(trainer().signals(), IsEmpty());
}

TEST_F(ControlTest, ReportsATrainerThatCannotBeStarted) {
  trainers_.failure = absl::NotFoundError("cannot start simclr-trainer: no such file");
  Want({Wanted()});
  const v1::ReportExitRequest exit = Exit();
  EXPECT_EQ(exit.failure(), v1::FAILURE_CLASS_HARDWARE);
  EXPECT_THAT(exit.message(), HasSubstr("no such file"));
  EXPECT_FALSE(PosixFileSystem().Exists(directory_ / "agent/trainers/j-1-a1-1f2e3d4c-r0"));
  Turn();
  EXPECT_EQ(coordinator_.exits().size(), 1u);
}

TEST_F(ControlTest, TellsALackOfThreadsOrFilesFromAFaultOfTheNode) {
  trainers_.failure = absl::ResourceExhaustedError("cannot start simclr-trainer: raise ulimit -u");
  Want({Wanted()});
  EXPECT_EQ(Exit().failure(), v1::FAILURE_CLASS_RESOURCE);
  EXPECT_EQ(Exit().nonce(), kNonce);
}

TEST_F(ControlTest, RefusesASlotThatItDoesNotHave) {
  Want({Wanted(v1::ORDER_PREPARE, 1, /*slot=*/5)});
  EXPECT_THAT(Exit().message(), HasSubstr("has 2 slots, no slot 5"));
  EXPECT_THAT(trainers_.trainers, IsEmpty());
}

TEST_F(ControlTest, KeepsTrainersThroughAnAbsenceOfTheCoordinatorUpToTheOrphanLimit) {
  Want({Wanted(v1::ORDER_RUN)});
  Hello();
  control_.OnConnection(false);
  for (int second = 0; second < 599; ++second) {
    clock_.Advance(absl::Seconds(1));
    control_.OnTrainerReport(kRank, Progress(second));
    control_.RunOnce(clock_.Monotonic());
  }
  EXPECT_THAT(link_.orders[kRank], SizeIs(2));
  PassTime(absl::Seconds(2));
  ASSERT_THAT(link_.orders[kRank], SizeIs(3));
  EXPECT_TRUE(link_.orders[kRank][2].has_drain());
}

TEST_F(ControlTest, LeavesAfterItsTrainersDrained) {
  Want({Wanted(v1::ORDER_RUN)});
  Hello();
  control_.Leave();
  EXPECT_TRUE(link_.orders[kRank].back().has_drain());
  Turn();
  EXPECT_FALSE(control_.status().left);
  EXPECT_FALSE(coordinator_.observed().back().slots(0).usable());
  EXPECT_FALSE(coordinator_.observed().back().leaving());
  control_.OnTrainerDetached(kRank);
  coordinator_.AnswerWith(absl::UnavailableError("away"));
  trainer().Finish({10, 0});
  Turn();
  EXPECT_TRUE(control_.status().drained);
  EXPECT_FALSE(control_.status().left);
  EXPECT_FALSE(coordinator_.observed().back().leaving()) << "the end is not delivered yet";
  coordinator_.AnswerWith(absl::OkStatus());
  outbox_.Nudge();
  EXPECT_EQ(Exit().failure(), v1::FAILURE_CLASS_DRAINED);
  Turn();
  EXPECT_TRUE(control_.status().left);
  EXPECT_TRUE(coordinator_.observed().back().leaving());
  Want({Wanted(v1::ORDER_PREPARE, 2)});
  EXPECT_THAT(trainers_.trainers, SizeIs(1));
}

TEST_F(ControlTest, StaysGoneThoughALogIsArchivedAfterTheGoodBye) {
  Want({Wanted(v1::ORDER_RUN)});
  WriteLog("last words\n");
  storage_away_ = true;
  control_.Leave();
  trainer().Finish({10, 0});
  Turn();
  ASSERT_TRUE(control_.status().left);
  storage_away_ = false;
  PassTime(absl::Seconds(2));
  EXPECT_THAT(coordinator_.archived(), SizeIs(1));
  EXPECT_TRUE(coordinator_.observed().back().leaving());
}

TEST_F(ControlTest, ItsLogsCanBeReadUntilTheyAreArchived) {
  const auto read = [this] {
    v1::LogWanted wanted;
    wanted.set_job_id(kRank.job_id);
    wanted.set_attempt(kRank.attempt);
    wanted.set_nonce(kNonce);
    logs_.Ask(wanted);
    logs_.RunOnce(clock_.Monotonic());
    return coordinator_.pieces().back();
  };
  EXPECT_TRUE(read().missing());
  Want({Wanted()});
  WriteLog("one\n");
  Turn();
  EXPECT_EQ(read().data(), "one\n");
  EXPECT_FALSE(read().ended());
  storage_away_ = true;
  trainer().Finish({0, 0});
  Turn();
  EXPECT_EQ(read().data(), "one\n");
  EXPECT_TRUE(read().ended());
  storage_away_ = false;
  PassTime(absl::Seconds(2));
  EXPECT_TRUE(read().missing());
}

TEST_F(ControlTest, KeepsTheFiguresOfATrainerForSomeTimeAfterItsEnd) {
  Want({Wanted()});
  v1::TrainerReport report;
  report.mutable_totals()->set_steps(8);
  control_.OnTrainerReport(kRank, report);
  trainer().Finish({0, 0});
  Turn();
  EXPECT_EQ(control_.View().figures.exits().at(v1::FAILURE_CLASS_SUCCESS), 1);
  PassTime(kSeriesKept - absl::Seconds(1));
  ASSERT_THAT(control_.View().figures.ranks(), SizeIs(1));
  EXPECT_EQ(TotalsOf(control_.View().figures.ranks().begin()->second).steps(), 8);
  PassTime(absl::Seconds(1));
  EXPECT_THAT(control_.View().figures.ranks(), IsEmpty());
}

}  // namespace
}  // namespace simclr::agent
