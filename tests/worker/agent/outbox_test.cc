#include "worker/agent/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_coordinator_client.h"
#include "tests/support/temporary_directory.h"

namespace simclr::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class OutboxTest : public ::testing::Test {
 protected:
  OutboxTest() : spool_(Spool::Open(PosixFileSystem(), directory_.path()).value()) {}

  std::unique_ptr<Outbox> Open() { return std::make_unique<Outbox>(OutboxOptions{}, *spool_, coordinator_); }
  bool AwaitEmpty() { return spool_->AwaitDelivered(spool_->last_sequence(), absl::Seconds(10)); }

  TemporaryDirectory directory_;
  FakeCoordinatorClient coordinator_;
  std::unique_ptr<Spool> spool_;
};

TEST_F(OutboxTest, DeliversInOrder) {
  const auto outbox = Open();
  outbox->Add(v1::PushMetricsRequest());
  outbox->Add(v1::CommitCheckpointRequest());
  outbox->Add(v1::ReportExitRequest());
  ASSERT_TRUE(AwaitEmpty());
  EXPECT_THAT(coordinator_.taken(), ElementsAre("metrics", "commit", "exit"));
}

TEST_F(OutboxTest, TriesAgainUntilTheCoordinatorIsBack) {
  coordinator_.AnswerWith(absl::UnavailableError("away"));
  const auto outbox = Open();
  outbox->Add(v1::CommitCheckpointRequest());
  outbox->Add(v1::ReportExitRequest());
  ASSERT_TRUE(coordinator_.AwaitCalls(2));
  EXPECT_EQ(outbox->size(), 2u);
  coordinator_.AnswerWith(absl::OkStatus());
  outbox->Nudge();
  ASSERT_TRUE(AwaitEmpty());
  EXPECT_THAT(coordinator_.taken(), ElementsAre("commit", "exit"));
}

TEST_F(OutboxTest, TriesAgainAfterAnAnswerThatIsNoDecision) {
  coordinator_.AnswerWith(absl::InternalError("disk I/O error"));
  const auto outbox = Open();
  outbox->Add(v1::ReportExitRequest());
  ASSERT_TRUE(coordinator_.AwaitCalls(2));
  coordinator_.AnswerWith(absl::OkStatus());
  outbox->Nudge();
  ASSERT_TRUE(AwaitEmpty());
  EXPECT_THAT(coordinator_.taken(), ElementsAre("exit"));
}

TEST_F(OutboxTest, DropsWhatIsStale) {
  coordinator_.AnswerWith(absl::FailedPreconditionError("stale attempt"));
  const auto outbox = Open();
  outbox->Add(v1::ReportExitRequest());
  ASSERT_TRUE(AwaitEmpty());
  EXPECT_THAT(coordinator_.taken(), IsEmpty());
}

TEST_F(OutboxTest, ReportsWhatIsLeftOfADamagedExitAndKeepsTheRest) {
  v1::ReportExitRequest exit;
  exit.set_worker("worker-1");
  exit.set_job_id("j-1");
  exit.set_attempt(2);
  exit.set_failure(v1::FAILURE_CLASS_DATA_ERROR);
  exit.set_exit_code(21);
  exit.set_message("cannot read caf\xe9.png");  // what an older agent wrote
  spool_->Add(SpoolKind::kExit, exit.SerializePartialAsString());
  const auto outbox = Open();
  ASSERT_TRUE(AwaitEmpty());
  ASSERT_EQ(coordinator_.exits().size(), 1u);
  EXPECT_EQ(coordinator_.exits()[0].job_id(), "j-1");
  EXPECT_EQ(coordinator_.exits()[0].attempt(), 2);
  EXPECT_EQ(coordinator_.exits()[0].failure(), v1::FAILURE_CLASS_DATA_ERROR);
  EXPECT_THAT(coordinator_.exits()[0].message(), testing::HasSubstr("quarantine"));
  EXPECT_TRUE(PosixFileSystem().Exists(directory_ / "quarantine/00000000000000000001.exit"));
}

TEST_F(OutboxTest, PutsAsideWhatNobodyCanReadAndGoesOn) {
  spool_->Add(SpoolKind::kExit, "\x0f not a message");
  spool_->Add(SpoolKind::kCommit, "\x0f not a message");
  const auto outbox = Open();
  outbox->Add(v1::CommitCheckpointRequest());
  ASSERT_TRUE(AwaitEmpty());
  EXPECT_THAT(coordinator_.taken(), ElementsAre("commit"));
  EXPECT_EQ(PosixFileSystem().List(directory_ / "quarantine").value().size(), 4u);
}

TEST_F(OutboxTest, LeavesUndeliveredItemsForTheNextAgent) {
  coordinator_.AnswerWith(absl::UnavailableError("away"));
  auto outbox = Open();
  v1::ReportExitRequest exit;
  exit.set_incarnation(6);
  exit.set_nonce("1f2e3d4c5b6a7980");
  outbox->Add(exit);
  ASSERT_TRUE(coordinator_.AwaitCalls(1));
  outbox.reset();
  coordinator_.AnswerWith(absl::OkStatus());
  spool_ = Spool::Open(PosixFileSystem(), directory_.path()).value();
  outbox = Open();
  ASSERT_TRUE(AwaitEmpty());
  EXPECT_THAT(coordinator_.taken(), ElementsAre("exit"));
  EXPECT_EQ(coordinator_.exits()[0].SerializeAsString(), exit.SerializeAsString())
      << "in the name of the earlier one";
}

}  // namespace
}  // namespace simclr::agent
