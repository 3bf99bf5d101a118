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

  std::unique_ptr<Outbox> Open() {
    return std::make_unique<Outbox>(OutboxOptions{}, *spool_, coordinator_,
                                    [](const v1::Checkpoint&, const v1::CommitCheckpointResponse&) {});
  }
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

TEST_F(OutboxTest, LeavesUndeliveredItemsForTheNextAgent) {
  coordinator_.AnswerWith(absl::UnavailableError("away"));
  auto outbox = Open();
  outbox->Add(v1::ReportExitRequest());
  ASSERT_TRUE(coordinator_.AwaitCalls(1));
  outbox.reset();
  coordinator_.AnswerWith(absl::OkStatus());
  spool_ = Spool::Open(PosixFileSystem(), directory_.path()).value();
  outbox = Open();
  ASSERT_TRUE(AwaitEmpty());
  EXPECT_THAT(coordinator_.taken(), ElementsAre("exit"));
}

}  // namespace
}  // namespace simclr::agent
