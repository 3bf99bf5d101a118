#include "worker/agent/outbox/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/outbox_test_base.h"

namespace simclr::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

template <typename Request>
Request Of(const std::string& job) {
  Request request;
  request.set_job_id(job);
  request.set_attempt(2);
  request.set_nonce("0a");
  return request;
}

v1::ReportExitRequest Exit(const std::string& job, v1::FailureClass failure = v1::FAILURE_CLASS_DATA_ERROR) {
  auto exit = Of<v1::ReportExitRequest>(job);
  exit.set_worker("worker-1");
  exit.set_failure(failure);
  exit.set_exit_code(failure == v1::FAILURE_CLASS_SUCCESS ? 0 : 21);
  (*exit.mutable_results())["pretrain/loss"] = 1;
  return exit;
}

v1::PushMetricsRequest Metrics(const std::string& job) {
  return Of<v1::PushMetricsRequest>(job);
}

v1::CommitCheckpointRequest Commit(const std::string& job, int step = 5) {
  v1::CommitCheckpointRequest commit;
  *commit.mutable_checkpoint() = Of<v1::Checkpoint>(job);
  commit.mutable_checkpoint()->set_step(step);
  return commit;
}

TEST_F(OutboxTest, SendsFactsInTheirOrderAndMetricsAfterThem) {
  Outbox& outbox = Open();
  outbox.Add(Metrics("j-2"));
  outbox.Add(Commit("j-1"));
  outbox.Add(Exit("j-1"));
  outbox.Add(Of<v1::LogArchivedRequest>("j-1"));
  Deliver();
  EXPECT_THAT(coordinator_.taken(), ElementsAre("commit", "exit", "archived", "metrics"));
}

TEST_F(OutboxTest, SendsTheMetricsOfARankBeforeItsExitAsNoneAreTakenAfterIt) {
  Outbox& outbox = Open();
  outbox.Add(Metrics("j-2"));
  outbox.Add(Metrics("j-1"));
  outbox.Add(Exit("j-1"));
  Deliver();
  EXPECT_THAT(coordinator_.taken(), ElementsAre("metrics", "exit", "metrics"));
  EXPECT_EQ(coordinator_.metrics()[0].job_id(), "j-1");
}

TEST_F(OutboxTest, LetsNoMetricsHoldBackAnExit) {
  Outbox& outbox = Open();
  coordinator_.Answer("metrics", absl::InternalError("disk I/O error"));
  outbox.Add(Metrics("j-1"));
  outbox.Add(Metrics("j-1"));
  outbox.Add(Exit("j-1"));
  Deliver();
  EXPECT_THAT(coordinator_.taken(), ElementsAre("exit"));
  PassTime(absl::Seconds(10));
  EXPECT_EQ(outbox.figures().metrics, 0u);
  EXPECT_EQ(outbox.figures().metrics_dropped, 2);
  EXPECT_EQ(outbox.figures().quarantined, 0u);
}

TEST_F(OutboxTest, SendsAnExitFromMemoryWhileTheDiskDoesNotAnswer) {
  Outbox& outbox = Open();
  outbox.Add(Exit("j-1"));
  Run(outbox);
  EXPECT_THAT(coordinator_.taken(), ElementsAre("exit"));
  WriteAll();
  EXPECT_THAT(disk_.List(directory_.path()).value(), IsEmpty()) << "nothing is left to be kept";
}

TEST_F(OutboxTest, TriesAgainUntilTheCoordinatorIsBack) {
  coordinator_.AnswerWith(absl::UnavailableError("away"));
  Outbox& outbox = Open();
  outbox.Add(Commit("j-1"));
  outbox.Add(Exit("j-1"));
  PassTime(absl::Seconds(60));
  EXPECT_GE(coordinator_.calls(), 10);
  EXPECT_EQ(outbox.figures().facts, 2u);
  coordinator_.AnswerWith(absl::OkStatus());
  outbox.Nudge();
  Deliver();
  EXPECT_THAT(coordinator_.taken(), ElementsAre("commit", "exit"));
}

TEST_F(OutboxTest, WaitsWithAFullDiskOfTheCoordinatorAndWithACertificateThatIsNotTaken) {
  for (const absl::Status& status :
       {absl::ResourceExhaustedError("disk full"), absl::UnauthenticatedError("expired")}) {
    coordinator_.AnswerWith(status);
    Outbox& outbox = Open();
    outbox.Add(Exit("j-1"));
    PassTime(absl::Seconds(60));
    EXPECT_EQ(outbox.figures().facts, 1u) << status;
    coordinator_.AnswerWith(absl::OkStatus());
    PassTime(absl::Seconds(6));
    EXPECT_EQ(outbox.figures().facts, 0u) << status;
  }
}

TEST_F(OutboxTest, DropsWhatIsStale) {
  coordinator_.AnswerWith(absl::FailedPreconditionError("stale attempt"));
  Outbox& outbox = Open();
  outbox.Add(Exit("j-1"));
  Deliver();
  EXPECT_EQ(outbox.figures().facts, 0u);
  EXPECT_EQ(outbox.figures().quarantined, 0u);
}

TEST_F(OutboxTest, PutsAsideWhatIsRefusedForGoodAndSendsTheExitBehindItWithinASecond) {
  Outbox& outbox = Open();
  coordinator_.Answer("commit", absl::InternalError("it breaks an invariant"));
  outbox.Add(Commit("j-2"));
  outbox.Add(Exit("j-1"));
  PassTime(absl::Seconds(1));
  EXPECT_THAT(coordinator_.taken(), ElementsAre("exit"));
  EXPECT_EQ(outbox.figures().quarantined, 1u);
  EXPECT_THAT(outbox.figures().newest_refusal, HasSubstr("it breaks an invariant"));
  const std::string aside = directory_ / "quarantine/00000000000000000001.commit";
  EXPECT_EQ(disk_.Read(aside).value(), Commit("j-2").SerializeAsString());
  EXPECT_EQ(disk_.Read(aside + ".reason").value(), "INTERNAL: it breaks an invariant\n");
  EXPECT_EQ(Open().figures().quarantined, 1u) << "the next agent shows it, too";
}

TEST_F(OutboxTest, ReportsAnExitBareInPlaceOfOneThatIsRefused) {
  Outbox& outbox = Open();
  coordinator_.Answer("exit", absl::InvalidArgumentError("results are odd"));
  outbox.Add(Exit("j-1"));
  for (int i = 0; i < 4; ++i) PassTime(absl::Milliseconds(100));
  Deliver();
  clock_.Advance(absl::Seconds(1));
  Run(outbox);
  coordinator_.Answer("exit", absl::OkStatus());
  PassTime(absl::Seconds(1));
  ASSERT_THAT(coordinator_.exits(), SizeIs(1));
  const v1::ReportExitRequest bare = coordinator_.exits()[0];
  EXPECT_EQ(bare.job_id(), "j-1");
  EXPECT_EQ(bare.attempt(), 2);
  EXPECT_EQ(bare.nonce(), "0a");
  EXPECT_EQ(bare.worker(), "worker-1");
  EXPECT_EQ(bare.failure(), v1::FAILURE_CLASS_DATA_ERROR);
  EXPECT_THAT(bare.results(), IsEmpty());
  EXPECT_THAT(bare.message(), HasSubstr("quarantine: INVALID_ARGUMENT: results are odd"));
}

TEST_F(OutboxTest, TakesNoSuccessForOneWhoseLastCheckpointWasRefused) {
  Outbox& outbox = Open();
  coordinator_.Answer("commit", absl::InternalError("no"));
  outbox.Add(Commit("j-1", 90));
  outbox.Add(Exit("j-1", v1::FAILURE_CLASS_SUCCESS));
  outbox.Add(Exit("j-2", v1::FAILURE_CLASS_SUCCESS));
  PassTime(absl::Seconds(2));
  ASSERT_THAT(coordinator_.exits(), SizeIs(2));
  EXPECT_EQ(coordinator_.exits()[0].failure(), v1::FAILURE_CLASS_CRASH);
  EXPECT_THAT(coordinator_.exits()[0].message(), HasSubstr("goes on from the one before"));
  EXPECT_EQ(coordinator_.exits()[1].failure(), v1::FAILURE_CLASS_SUCCESS);
}

TEST_F(OutboxTest, RemembersARefusedCheckpointThroughARestart) {
  coordinator_.Answer("commit", absl::InternalError("no"));
  coordinator_.Answer("exit", absl::UnavailableError("away"));
  Outbox& outbox = Open();
  outbox.Add(Commit("j-1", 90));
  outbox.Add(Exit("j-1", v1::FAILURE_CLASS_SUCCESS));
  PassTime(absl::Seconds(2));
  Open();
  coordinator_.Answer("exit", absl::OkStatus());
  Deliver();
  EXPECT_EQ(coordinator_.exits().at(0).failure(), v1::FAILURE_CLASS_CRASH);
}

TEST_F(OutboxTest, TakesASuccessWhoseLaterCheckpointCounts) {
  Outbox& outbox = Open();
  coordinator_.Answer("commit", absl::InternalError("no"));
  outbox.Add(Commit("j-1", 50));
  PassTime(absl::Seconds(2));
  coordinator_.Answer("commit", absl::OkStatus());
  outbox.Add(Commit("j-1", 90));
  outbox.Add(Exit("j-1", v1::FAILURE_CLASS_SUCCESS));
  Deliver();
  EXPECT_EQ(coordinator_.exits().at(0).failure(), v1::FAILURE_CLASS_SUCCESS);
}

TEST_F(OutboxTest, PutsAsideWhatIsTooLargeForTheWire) {
  Outbox& outbox = Open();
  v1::ReportExitRequest exit = Exit("j-1");
  exit.set_message(std::string(5 << 20, 'x'));
  outbox.Add(exit);
  Deliver();
  ASSERT_THAT(coordinator_.exits(), SizeIs(1));
  EXPECT_THAT(coordinator_.exits()[0].message(), HasSubstr("the coordinator takes 4194304"));
}

TEST_F(OutboxTest, KeepsTheNewestMetricsAndCountsTheOthers) {
  coordinator_.AnswerWith(absl::UnavailableError("away"));
  Outbox& outbox = Open({.max_metrics = 2});
  for (const char* job : {"j-1", "j-2", "j-3"}) outbox.Add(Metrics(job));
  EXPECT_EQ(outbox.figures().metrics_dropped, 1);
  coordinator_.AnswerWith(absl::OkStatus());
  Deliver();
  ASSERT_THAT(coordinator_.metrics(), SizeIs(2));
  EXPECT_EQ(coordinator_.metrics()[0].job_id(), "j-2");
}

TEST_F(OutboxTest, LeavesWhatIsUndeliveredForTheNextAgent) {
  coordinator_.AnswerWith(absl::UnavailableError("away"));
  Outbox& outbox = Open();
  v1::ReportExitRequest exit = Exit("j-1");
  exit.set_incarnation(6);
  outbox.Add(Metrics("j-1"));
  outbox.Add(exit);
  outbox.Park();
  Outbox& next = Open();
  EXPECT_FALSE(next.settled());
  coordinator_.AnswerWith(absl::OkStatus());
  Deliver();
  EXPECT_THAT(coordinator_.taken(), ElementsAre("metrics", "exit"));
  EXPECT_EQ(coordinator_.exits()[0].SerializeAsString(), exit.SerializeAsString())
      << "in the name of the earlier one";
  EXPECT_TRUE(next.settled());
  EXPECT_THAT(disk_.List(directory_.path()).value(), IsEmpty());
}

TEST_F(OutboxTest, HoldsUpTheSessionForTenSecondsAtMostOnceTheCoordinatorAnswers) {
  coordinator_.AnswerWith(absl::UnavailableError("away"));
  Open().Add(Commit("j-1"));
  Outbox& next = Open();
  PassTime(absl::Seconds(60));
  EXPECT_FALSE(next.settled()) << "it did not answer yet";
  coordinator_.AnswerWith(absl::PermissionDeniedError("not yours"));
  next.Nudge();
  PassTime(absl::Seconds(9));
  EXPECT_FALSE(next.settled());
  PassTime(absl::Seconds(7));
  EXPECT_TRUE(next.settled());
  EXPECT_EQ(next.figures().quarantined, 1u);
}

TEST_F(OutboxTest, ReportsWhatIsLeftOfADamagedExitAndKeepsTheRest) {
  v1::ReportExitRequest exit = Exit("j-1");
  exit.clear_results();
  exit.set_message("cannot read caf\xe9.png");  // what an older agent wrote
  ASSERT_TRUE(SpoolDirectory(disk_, directory_.path()).Load().ok());
  const std::string name = directory_ / "00000000000000000001.exit";
  ASSERT_TRUE(disk_.Write(name, exit.SerializePartialAsString()).ok());
  Open();
  Deliver();
  ASSERT_THAT(coordinator_.exits(), SizeIs(1));
  EXPECT_EQ(coordinator_.exits()[0].job_id(), "j-1");
  EXPECT_EQ(coordinator_.exits()[0].attempt(), 2);
  EXPECT_EQ(coordinator_.exits()[0].failure(), v1::FAILURE_CLASS_DATA_ERROR);
  EXPECT_THAT(coordinator_.exits()[0].message(), HasSubstr("quarantine"));
  EXPECT_TRUE(disk_.Exists(directory_ / "quarantine/00000000000000000001.exit"));
  EXPECT_FALSE(disk_.Exists(name));
}

TEST_F(OutboxTest, PutsAsideWhatNobodyCanReadAndGoesOn) {
  for (const char* name : {"00000000000000000001.exit", "00000000000000000002.commit"}) {
    ASSERT_TRUE(disk_.Write(directory_ / name, "\x0f not a message").ok());
  }
  Outbox& outbox = Open();
  EXPECT_TRUE(outbox.settled());
  outbox.Add(Commit("j-1"));
  Deliver();
  EXPECT_THAT(coordinator_.taken(), ElementsAre("commit"));
  EXPECT_THAT(disk_.List(directory_ / "quarantine").value(), SizeIs(4));
}

}  // namespace
}  // namespace simclr::agent
