#include "coordinator/state/cluster_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/state/job_record.h"
#include "tests/support/test_events.h"

namespace simclr::coordinator {
namespace {

using ::testing::HasSubstr;

v1::Event Stamped(const ClusterState& state, const v1::Event& event) {
  return Numbered(event, state.revision() + 1, static_cast<int>(100 + state.revision()));
}

v1::Event Submitted(const ClusterState& state, const std::string& id, int ranks = 1) {
  return Stamped(state, SubmittedEvent(id, ranks));
}

v1::Event Placed(const ClusterState& state, const std::string& id, int attempt,
                 const std::vector<int>& slots) {
  return Stamped(state, PlacedEventOf(id, attempt, slots));
}

v1::Event Ended(const ClusterState& state, const std::string& id, int attempt, v1::Phase phase) {
  return Stamped(state, AttemptEndedEvent(id, attempt, phase));
}

// The record of a job as the event leaves it.
v1::JobRecord RecordAfter(const ClusterState& state, const v1::Event& event, const std::string& id) {
  return *Derive(state, event).value().jobs.at(id);
}

TEST(ClusterState, TakesAJobFromSubmitToItsEnd) {
  ClusterState state;
  ASSERT_TRUE(state.Apply(Submitted(state, "j-1")).ok());
  ASSERT_TRUE(state.Apply(Placed(state, "j-1", 1, {0})).ok());
  EXPECT_EQ(state.FindJob("j-1")->job().status().phase(), v1::PHASE_STARTING);
  EXPECT_EQ(state.allocations().size(), 1u);
  const v1::Event ended = Ended(state, "j-1", 1, v1::PHASE_SUCCEEDED);
  EXPECT_EQ(RecordAfter(state, ended, "j-1").job().status().ended_at().seconds(), 102);
  ASSERT_TRUE(state.Apply(ended).ok());
  EXPECT_EQ(state.FindJob("j-1"), nullptr) << "ended jobs are rows";
  EXPECT_TRUE(state.allocations().empty());
  EXPECT_EQ(state.Counts().at({v1::JOB_KIND_PRETRAIN, v1::PHASE_SUCCEEDED}), 1);
}

v1::Event At(v1::Event event, int seconds) {
  event.mutable_at()->set_seconds(seconds);
  return event;
}

TEST(ClusterState, KeepsWhenPhasesBeganAndWhatAnAttemptLost) {
  ClusterState state;
  ASSERT_TRUE(state.Apply(At(Submitted(state, "j-1"), 100)).ok());
  ASSERT_TRUE(state.Apply(At(Placed(state, "j-1", 1, {0}), 110)).ok());
  const v1::Event running = Stamped(state, RunningEventOf("j-1", 1));
  ASSERT_TRUE(state.Apply(At(running, 120)).ok());
  v1::Event checkpoint = Stamped(state, CommittedEvent("j-1", 1, 0));
  checkpoint.mutable_checkpoint_committed()->mutable_checkpoint()->mutable_committed_at()->set_seconds(150);
  ASSERT_TRUE(state.Apply(checkpoint).ok());
  v1::Event ended = Ended(state, "j-1", 1, v1::PHASE_QUEUED);
  ended.mutable_attempt_ended()->set_step(42);
  ASSERT_TRUE(state.Apply(At(ended, 160)).ok());
  const v1::JobRecord& record = *state.FindJob("j-1");
  EXPECT_EQ(record.job().status().phase_since().seconds(), 160);
  const v1::AttemptSummary& attempt = record.attempts(0).summary();
  EXPECT_EQ(attempt.queued_at().seconds(), 100);
  EXPECT_EQ(attempt.step(), 42);
  EXPECT_EQ(attempt.lost_time().seconds(), 10) << "since the checkpoint";
}

TEST(ClusterState, AJobThatIsNotRunAgainLosesNothing) {
  ClusterState state;
  ASSERT_TRUE(state.Apply(At(Submitted(state, "j-1"), 100)).ok());
  ASSERT_TRUE(state.Apply(At(Placed(state, "j-1", 1, {0}), 110)).ok());
  ASSERT_TRUE(state.Apply(At(Stamped(state, JobStoppingEvent("j-1")), 130)).ok());
  const v1::Event ended = At(Ended(state, "j-1", 1, v1::PHASE_CANCELLED), 140);
  const v1::JobRecord record = RecordAfter(state, ended, "j-1");
  const v1::AttemptSummary& attempt = record.attempts(0).summary();
  EXPECT_EQ(attempt.stopping_at().seconds(), 130);
  EXPECT_FALSE(attempt.has_lost_time());
}

TEST(ClusterState, NeverChangesATerminalPhase) {
  ClusterState state;
  ASSERT_TRUE(state.Apply(Submitted(state, "j-1")).ok());
  ASSERT_TRUE(state.Apply(Placed(state, "j-1", 1, {0})).ok());
  ASSERT_TRUE(state.Apply(Ended(state, "j-1", 1, v1::PHASE_FAILED)).ok());
  EXPECT_FALSE(state.Apply(Stamped(state, JobQueuedEvent("j-1"))).ok());
  EXPECT_EQ(state.open_jobs(), 0);
}

TEST(ClusterState, RefusesAGapInTheRevisions) {
  ClusterState state;
  v1::Event event = Submitted(state, "j-1");
  event.set_revision(2);
  EXPECT_THAT(std::string(state.Apply(event).message()), HasSubstr("it follows revision 0"));
}

TEST(ClusterState, RefusesASecondLiveAttempt) {
  ClusterState state;
  ASSERT_TRUE(state.Apply(Submitted(state, "j-1")).ok());
  ASSERT_TRUE(state.Apply(Placed(state, "j-1", 1, {0})).ok());
  EXPECT_FALSE(state.Apply(Placed(state, "j-1", 2, {1})).ok());
}

TEST(ClusterState, RefusesAnAttemptNumberOutOfOrder) {
  ClusterState state;
  ASSERT_TRUE(state.Apply(Submitted(state, "j-1")).ok());
  EXPECT_THAT(std::string(state.Apply(Placed(state, "j-1", 2, {0})).message()), HasSubstr("without a gap"));
}

TEST(ClusterState, RefusesAnIncompleteGang) {
  ClusterState state;
  ASSERT_TRUE(state.Apply(Submitted(state, "j-1", 2)).ok());
  EXPECT_THAT(std::string(state.Apply(Placed(state, "j-1", 1, {0})).message()), HasSubstr("not complete"));
}

TEST(ClusterState, RefusesToGiveASlotTwice) {
  ClusterState state;
  ASSERT_TRUE(state.Apply(Submitted(state, "j-1")).ok());
  ASSERT_TRUE(state.Apply(Submitted(state, "j-2")).ok());
  ASSERT_TRUE(state.Apply(Placed(state, "j-1", 1, {0})).ok());
  EXPECT_THAT(std::string(state.Apply(Placed(state, "j-2", 1, {0})).message()), HasSubstr("held by job j-1"));
}

TEST(ClusterState, RefusesACheckpointOfAnEndedAttempt) {
  ClusterState state;
  ASSERT_TRUE(state.Apply(Submitted(state, "j-1")).ok());
  ASSERT_TRUE(state.Apply(Placed(state, "j-1", 1, {0})).ok());
  ASSERT_TRUE(state.Apply(Ended(state, "j-1", 1, v1::PHASE_QUEUED)).ok());
  EXPECT_FALSE(state.Apply(Stamped(state, CommittedEvent("j-1", 1, 5))).ok());
}

TEST(ClusterState, OffersCheckpointsNewestFirstToTheNextAttempt) {
  ClusterState state;
  ASSERT_TRUE(state.Apply(Submitted(state, "j-1")).ok());
  ASSERT_TRUE(state.Apply(Placed(state, "j-1", 1, {0})).ok());
  for (int step : {5, 9}) {
    ASSERT_TRUE(state.Apply(Stamped(state, CommittedEvent("j-1", 1, step))).ok());
  }
  ASSERT_TRUE(state.Apply(Ended(state, "j-1", 1, v1::PHASE_QUEUED)).ok());
  ASSERT_TRUE(state.Apply(Placed(state, "j-1", 2, {0})).ok());
  const v1::AttemptRecord* live = LiveAttempt(*state.FindJob("j-1"));
  ASSERT_EQ(live->resume_size(), 2);
  EXPECT_EQ(live->resume(0).step(), 9);
}

TEST(ClusterState, ComesBackFromItsSnapshotByteForByte) {
  ClusterState state;
  ASSERT_TRUE(state.Apply(Submitted(state, "j-1")).ok());
  ASSERT_TRUE(state.Apply(Placed(state, "j-1", 1, {3})).ok());
  const ClusterState back = ClusterState::Parse(state.Serialize()).value();
  EXPECT_EQ(back.Serialize(), state.Serialize());
  EXPECT_EQ(back.allocations(), state.allocations());
}

TEST(ClusterState, SaysThatASnapshotIsDamaged) {
  EXPECT_TRUE(absl::IsDataLoss(ClusterState::Parse("\xff\xff not a snapshot").status()));
}

TEST(ClusterState, MeansTheNewestOpenJobByAName) {
  ClusterState state;
  for (const char* id : {"j-1", "j-2", "j-3"}) {
    ASSERT_TRUE(state.Apply(Stamped(state, SubmittedEvent(id, 1, "same"))).ok());
  }
  ASSERT_TRUE(state.Apply(Stamped(state, JobEndedEvent("j-3", v1::PHASE_CANCELLED))).ok());
  EXPECT_EQ(state.FindOpenJobNamed("same")->job().id(), "j-2");
  EXPECT_EQ(state.FindOpenJobNamed("sam"), nullptr);
  EXPECT_EQ(state.FindOpenJobNamed("other"), nullptr);
}

TEST(ClusterState, KeepsAStubOfAnEndedJobAsLongAsAnOpenOneNamesIt) {
  ClusterState state;
  ASSERT_TRUE(state.Apply(Submitted(state, "j-1")).ok());
  for (const char* id : {"j-2", "j-3"}) {
    ASSERT_TRUE(state.Apply(Stamped(state, SubmittedAfterEvent(id, "j-1"))).ok());
  }
  ASSERT_TRUE(state.Apply(Placed(state, "j-1", 1, {0})).ok());
  ASSERT_TRUE(state.Apply(Ended(state, "j-1", 1, v1::PHASE_SUCCEEDED)).ok());
  EXPECT_EQ(state.jobs().count("j-1"), 0u);
  ASSERT_NE(state.FindJob("j-1"), nullptr);
  EXPECT_EQ(state.FindJob("j-1")->attempts_size(), 0) << "without what nobody asks of it";
  EXPECT_EQ(ClusterState::Parse(state.Serialize()).value().Serialize(), state.Serialize());
  ASSERT_TRUE(state.Apply(Stamped(state, JobEndedEvent("j-2", v1::PHASE_CANCELLED))).ok());
  EXPECT_NE(state.FindJob("j-1"), nullptr);
  ASSERT_TRUE(state.Apply(Stamped(state, JobEndedEvent("j-3", v1::PHASE_CANCELLED))).ok());
  EXPECT_EQ(state.FindJob("j-1"), nullptr);
}

TEST(ClusterState, TakesEndedJobsOutOfASnapshotThatHoldsThem) {
  ClusterState state;
  ASSERT_TRUE(state.Apply(Submitted(state, "j-1")).ok());
  v1::StateSnapshot snapshot;
  ASSERT_TRUE(snapshot.ParseFromString(state.Serialize()));
  snapshot.mutable_jobs(0)->mutable_job()->mutable_status()->set_phase(v1::PHASE_FAILED);
  std::vector<JobPtr> ended;
  const ClusterState back = ClusterState::Parse(snapshot.SerializeAsString(), &ended).value();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0]->job().id(), "j-1");
  EXPECT_EQ(back.open_jobs(), 0);
  EXPECT_EQ(back.last_job_id(), "j-1");
  EXPECT_EQ(back.Counts().at({v1::JOB_KIND_PRETRAIN, v1::PHASE_FAILED}), 1);
}

TEST(ClusterState, RefusesASnapshotThatGivesASlotTwice) {
  ClusterState state;
  ASSERT_TRUE(state.Apply(Submitted(state, "j-1")).ok());
  ASSERT_TRUE(state.Apply(Submitted(state, "j-2")).ok());
  ASSERT_TRUE(state.Apply(Placed(state, "j-1", 1, {0})).ok());
  v1::StateSnapshot snapshot;
  ASSERT_TRUE(snapshot.ParseFromString(state.Serialize()));
  *snapshot.mutable_jobs(1)->add_attempts() = snapshot.jobs(0).attempts(0);
  EXPECT_TRUE(absl::IsDataLoss(ClusterState::Parse(snapshot.SerializeAsString()).status()));
}

TEST(ClusterState, KnowsWhoseJobsLiveOnAWorker) {
  ClusterState state;
  ASSERT_TRUE(state.Apply(Submitted(state, "j-1")).ok());
  ASSERT_TRUE(state.Apply(Submitted(state, "j-2")).ok());
  ASSERT_TRUE(state.Apply(Stamped(state, PlacedEventOf("j-1", 1, {0}, "worker-1"))).ok());
  ASSERT_TRUE(state.Apply(Stamped(state, PlacedEventOf("j-2", 1, {0}, "worker-10"))).ok());
  EXPECT_EQ(state.JobsOn("worker-1"), std::set<std::string>{"j-1"});
  EXPECT_EQ(state.JobsOn("worker-10"), std::set<std::string>{"j-2"});
  EXPECT_TRUE(state.JobsOn("worker-2").empty());
}

}  // namespace
}  // namespace simclr::coordinator
