#include "coordinator/state/change.h"

#include "tests/support/change_test_base.h"

namespace simclr::coordinator {
namespace {

TEST_F(ChangeTest, LeavesTheStateAsItIs) {
  const std::string before = state_.Serialize();
  ASSERT_TRUE(Ask(SubmittedEvent("j-1")).ok());
  EXPECT_EQ(state_.Serialize(), before);
}

TEST_F(ChangeTest, RefusesAJobThatDoesNotBegin) {
  v1::Event event = SubmittedEvent("j-1");
  event.mutable_job_submitted()->mutable_job()->mutable_status()->set_phase(v1::PHASE_RUNNING);
  ExpectRefused(event, "begins blocked or queued");
}

TEST_F(ChangeTest, RefusesAJobIdThatDoesNotFollowTheNewest) {
  Apply(SubmittedEvent("j-2"));
  ExpectRefused(SubmittedEvent("j-2"), "does not follow the newest");
  ExpectRefused(SubmittedEvent("j-1"), "does not follow the newest");
}

TEST_F(ChangeTest, TakesAStubOfAnEndedJobOnly) {
  Apply(SubmittedEvent("j-1"));
  v1::Event event = SubmittedAfterEvent("j-2", "j-1");
  *event.mutable_job_submitted()->mutable_after() = *state_.FindJob("j-1");
  ExpectRefused(event, "is not an ended one");
  event.mutable_job_submitted()->mutable_after()->mutable_job()->mutable_status()->set_phase(
      v1::PHASE_SUCCEEDED);
  ExpectRefused(event, "is not an ended one");
  Apply(JobEndedEvent("j-1", v1::PHASE_CANCELLED));
  EXPECT_EQ(Ask(event).value().stubs.count("j-1"), 1u);
  event.mutable_job_submitted()->mutable_job()->mutable_spec()->set_after("j-0");
  ExpectRefused(event, "is not an ended one");
}

TEST_F(ChangeTest, QueuesOnlyWhatIsBlockedOrPaused) {
  Apply(SubmittedEvent("j-1"));
  ExpectRefused(JobQueuedEvent("j-1"), "blocked or a paused");
  Apply(PlacedEventOf("j-1", 1, {0}));
  ExpectRefused(JobQueuedEvent("j-1"), "blocked or a paused");
  Apply(AttemptEndedEvent("j-1", 1, v1::PHASE_PAUSED));
  Apply(JobQueuedEvent("j-1"));
  Apply(SubmittedAfterEvent("j-2", "j-1"));
  Apply(JobQueuedEvent("j-2"));
}

TEST_F(ChangeTest, EndsAJobWithoutALiveAttemptInAPhaseThatIsAnEnd) {
  Apply(SubmittedEvent("j-1"));
  ExpectRefused(JobEndedEvent("j-1", v1::PHASE_QUEUED), "a phase that is an end");
  Apply(PlacedEventOf("j-1", 1, {0}));
  ExpectRefused(JobEndedEvent("j-1", v1::PHASE_CANCELLED), "cannot end");
  ExpectRefused(JobWaitsEvent("j-1", v1::REASON_WAITING_FOR_CAPACITY), "waits for nothing");
}

TEST_F(ChangeTest, RefusesWhatIsAboutNobody) {
  ExpectRefused(JobStoppingEvent("j-9"), "no open job 'j-9'");
  ExpectRefused(WorkerGoneEvent("worker-9"), "never there");
  ExpectRefused(v1::Event(), "no open job ''");
}

TEST_F(ChangeTest, CountsPausesOutOfTheTimeThatAJobWaited) {
  Apply(SubmittedEvent("j-1"), 100);
  Apply(PlacedEventOf("j-1", 1, {0}), 110);
  v1::Event ended = AttemptEndedEvent("j-1", 1, v1::PHASE_PAUSED);
  ended.mutable_attempt_ended()->mutable_wait()->set_seconds(300);
  Apply(ended, 120);
  EXPECT_EQ(state_.FindJob("j-1")->due().seconds(), 420);
  Apply(JobQueuedEvent("j-1"), 430);
  const v1::JobRecord& record = *state_.FindJob("j-1");
  EXPECT_EQ(record.paused().seconds(), 310);
  EXPECT_EQ(record.queued_at().seconds(), 430);
  EXPECT_FALSE(record.has_due());
}

}  // namespace
}  // namespace simclr::coordinator
