#include "coordinator/state/change.h"

#include "coordinator/state/job_record.h"
#include "tests/support/change_test_base.h"

namespace simclr::coordinator {
namespace {

TEST_F(ChangeTest, LeavesTheStateAsItIs) {
  const std::string before = state_.Serialize();
  ASSERT_TRUE(Ask(SubmittedEvent("j-1")).ok());
  EXPECT_EQ(state_.Serialize(), before);
}

TEST_F(ChangeTest, NamesTheSlotsThatAnAttemptTakesAndFrees) {
  Apply(SubmittedEvent("j-1", 2));
  const Change placed = Ask(PlacedEventOf("j-1", 1, {0, 3})).value();
  EXPECT_EQ(placed.slots,
            (std::map<SlotKey, std::string>{{{"worker-1", 0}, "j-1"}, {{"worker-1", 3}, "j-1"}}));
  state_.Merge(placed);
  const Change ended = Ask(AttemptEndedEvent("j-1", 1, v1::PHASE_QUEUED)).value();
  EXPECT_EQ(ended.slots, (std::map<SlotKey, std::string>{{{"worker-1", 0}, ""}, {{"worker-1", 3}, ""}}));
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

TEST_F(ChangeTest, RefusesRanksThatAreNotNumberedInOrder) {
  Apply(SubmittedEvent("j-1", 2));
  v1::Event event = PlacedEventOf("j-1", 1, {0, 1});
  event.mutable_attempt_placed()->mutable_ranks(1)->set_rank(0);
  ExpectRefused(event, "ranks are numbered");
}

TEST_F(ChangeTest, RefusesAGangWithOneSlotTwice) {
  Apply(SubmittedEvent("j-1", 2));
  ExpectRefused(PlacedEventOf("j-1", 1, {3, 3}), "slot 3 of worker worker-1 is held by job j-1");
}

TEST_F(ChangeTest, EndsAnAttemptIntoAPhaseThatCanFollow) {
  Apply(SubmittedEvent("j-1"));
  Apply(PlacedEventOf("j-1", 1, {0}));
  for (const v1::Phase phase :
       {v1::PHASE_UNSPECIFIED, v1::PHASE_RUNNING, v1::PHASE_STARTING, v1::PHASE_BLOCKED}) {
    ExpectRefused(AttemptEndedEvent("j-1", 1, phase), "after an attempt");
  }
  ExpectRefused(AttemptEndedEvent("j-1", 2, v1::PHASE_QUEUED), "only a live attempt");
  Apply(AttemptEndedEvent("j-1", 1, v1::PHASE_QUEUED));
  ExpectRefused(AttemptEndedEvent("j-1", 1, v1::PHASE_QUEUED), "only a live attempt");
}

TEST_F(ChangeTest, EndsAJobWithoutALiveAttemptInAPhaseThatIsAnEnd) {
  Apply(SubmittedEvent("j-1"));
  ExpectRefused(JobEndedEvent("j-1", v1::PHASE_QUEUED), "a phase that is an end");
  Apply(PlacedEventOf("j-1", 1, {0}));
  ExpectRefused(JobEndedEvent("j-1", v1::PHASE_CANCELLED), "cannot end");
  ExpectRefused(JobWaitsEvent("j-1", v1::REASON_WAITING_FOR_CAPACITY), "waits for nothing");
}

TEST_F(ChangeTest, TakesAnExitOfARankOnceAndOfTheLiveAttempt) {
  Apply(SubmittedEvent("j-1", 2));
  ExpectRefused(ExitedEvent("j-1", 1, 0), "it is not live");
  Apply(PlacedEventOf("j-1", 1, {0, 1}));
  Apply(ExitedEvent("j-1", 1, 0));
  ExpectRefused(ExitedEvent("j-1", 1, 0), "it is not live");
  ExpectRefused(ExitedEvent("j-1", 2, 1), "it is not live");
}

TEST_F(ChangeTest, TakesACheckpointOnceAndOfTheLiveAttempt) {
  Apply(SubmittedEvent("j-1"));
  ExpectRefused(CommittedEvent("j-1", 1, 5), "stale attempt");
  Apply(PlacedEventOf("j-1", 1, {0}));
  Apply(CommittedEvent("j-1", 1, 5));
  ExpectRefused(CommittedEvent("j-1", 1, 5), "committed twice");
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

TEST_F(ChangeTest, RemembersOnlyTheNewestRetiredCheckpoints) {
  Apply(SubmittedEvent("j-1"));
  Apply(PlacedEventOf("j-1", 1, {0}));
  for (int step = 1; step <= 40; ++step) {
    v1::Event event = CommittedEvent("j-1", 1, step);
    for (const v1::CheckpointKey& key : RetiredByCommit(*state_.FindJob("j-1"))) {
      *event.mutable_checkpoint_committed()->add_retired() = key;
    }
    Apply(event);
  }
  const v1::JobRecord& record = *state_.FindJob("j-1");
  EXPECT_EQ(record.checkpoints_size(), 18) << "two that are kept, sixteen that are retired";
  EXPECT_EQ(UsableCheckpoints(record).size(), 2u);
  EXPECT_EQ(record.checkpoints().rbegin()->step(), 40);
}

TEST_F(ChangeTest, AdoptsACheckpointThatIsNewerThanThoseOfAnOpenJob) {
  Apply(SubmittedEvent("j-1"));
  ExpectRefused(AdoptedEvent("j-9", 5), "no open job 'j-9'");
  Apply(PlacedEventOf("j-1", 1, {0}));
  Apply(CommittedEvent("j-1", 1, 5));
  ExpectRefused(AdoptedEvent("j-1", 5), "is not newer");
  ExpectRefused(AdoptedEvent("j-1", 4), "is not newer");
  Apply(AdoptedEvent("j-1", 10));
  const JobPtr job = state_.FindJob("j-1");
  EXPECT_EQ(UsableCheckpoints(*job).at(0).step(), 10);
  EXPECT_EQ(job->revision(), state_.revision());
  ExpectRefused(AdoptedEvent("j-1", 10), "is not newer");
  Apply(AttemptEndedEvent("j-1", 1, v1::PHASE_CANCELLED));
  ExpectRefused(AdoptedEvent("j-1", 15), "no open job 'j-1'");
}

TEST_F(ChangeTest, OffersAnAdoptedCheckpointToTheNextAttempt) {
  Apply(SubmittedEvent("j-1"));
  Apply(AdoptedEvent("j-1", 10));
  Apply(PlacedEventOf("j-1", 1, {0}));
  const v1::AttemptRecord& attempt = state_.FindJob("j-1")->attempts(0);
  ASSERT_EQ(attempt.resume_size(), 1);
  EXPECT_EQ(attempt.resume(0).step(), 10);
}

}  // namespace
}  // namespace simclr::coordinator
