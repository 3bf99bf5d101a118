#include "coordinator/state/cluster_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

using ::testing::HasSubstr;

v1::Event Next(const ClusterState& state) {
  v1::Event event;
  event.set_revision(state.revision() + 1);
  event.mutable_at()->set_seconds(100 + state.revision());
  return event;
}

v1::Event Submitted(const ClusterState& state, const std::string& id, int ranks = 1) {
  v1::Event event = Next(state);
  v1::Job& job = *event.mutable_job_submitted()->mutable_job();
  job.set_id(id);
  job.mutable_spec()->set_name("name-of-" + id);
  job.mutable_spec()->mutable_resources()->set_ranks(ranks);
  job.mutable_spec()->mutable_checkpoint()->set_keep(2);
  job.mutable_status()->set_phase(v1::PHASE_QUEUED);
  job.mutable_status()->mutable_submitted_at()->set_seconds(100);
  return event;
}

v1::Event Placed(const ClusterState& state, const std::string& id, int attempt, std::vector<int> slots) {
  v1::Event event = Next(state);
  v1::AttemptPlaced& placed = *event.mutable_attempt_placed();
  placed.set_job_id(id);
  placed.set_attempt(attempt);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    v1::RankRecord& rank = *placed.add_ranks();
    rank.set_rank(static_cast<int>(i));
    rank.set_worker("worker-1");
    rank.set_slot(slots[i]);
  }
  return event;
}

v1::Event Ended(const ClusterState& state, const std::string& id, int attempt, v1::Phase phase) {
  v1::Event event = Next(state);
  event.mutable_attempt_ended()->set_job_id(id);
  event.mutable_attempt_ended()->set_attempt(attempt);
  event.mutable_attempt_ended()->set_phase(phase);
  return event;
}

TEST(ClusterState, TakesAJobFromSubmitToItsEnd) {
  ClusterState state;
  ASSERT_TRUE(state.Apply(Submitted(state, "j-1")).ok());
  ASSERT_TRUE(state.Apply(Placed(state, "j-1", 1, {0})).ok());
  EXPECT_EQ(state.FindJob("j-1")->job().status().phase(), v1::PHASE_STARTING);
  EXPECT_EQ(state.allocations().size(), 1u);
  ASSERT_TRUE(state.Apply(Ended(state, "j-1", 1, v1::PHASE_SUCCEEDED)).ok());
  EXPECT_EQ(state.FindJob("j-1")->job().status().ended_at().seconds(), 102);
  EXPECT_TRUE(state.allocations().empty());
}

v1::Event At(v1::Event event, int seconds) {
  event.mutable_at()->set_seconds(seconds);
  return event;
}

TEST(ClusterState, KeepsWhenPhasesBeganAndWhatAnAttemptLost) {
  ClusterState state;
  ASSERT_TRUE(state.Apply(At(Submitted(state, "j-1"), 100)).ok());
  ASSERT_TRUE(state.Apply(At(Placed(state, "j-1", 1, {0}), 110)).ok());
  v1::Event running = Next(state);
  running.mutable_attempt_running()->set_job_id("j-1");
  running.mutable_attempt_running()->set_attempt(1);
  ASSERT_TRUE(state.Apply(At(running, 120)).ok());
  v1::Event checkpoint = Next(state);
  checkpoint.mutable_checkpoint_committed()->mutable_checkpoint()->set_job_id("j-1");
  checkpoint.mutable_checkpoint_committed()->mutable_checkpoint()->set_attempt(1);
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
  v1::Event stopping = Next(state);
  stopping.mutable_job_stopping()->set_job_id("j-1");
  ASSERT_TRUE(state.Apply(At(stopping, 130)).ok());
  ASSERT_TRUE(state.Apply(At(Ended(state, "j-1", 1, v1::PHASE_CANCELLED), 140)).ok());
  const v1::AttemptSummary& attempt = state.FindJob("j-1")->attempts(0).summary();
  EXPECT_EQ(attempt.stopping_at().seconds(), 130);
  EXPECT_FALSE(attempt.has_lost_time());
}

TEST(ClusterState, NeverChangesATerminalPhase) {
  ClusterState state;
  ASSERT_TRUE(state.Apply(Submitted(state, "j-1")).ok());
  ASSERT_TRUE(state.Apply(Placed(state, "j-1", 1, {0})).ok());
  ASSERT_TRUE(state.Apply(Ended(state, "j-1", 1, v1::PHASE_FAILED)).ok());
  v1::Event again = Next(state);
  again.mutable_job_queued()->set_job_id("j-1");
  EXPECT_THAT(std::string(state.Apply(again).message()), HasSubstr("has ended"));
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
  v1::Event event = Next(state);
  event.mutable_checkpoint_committed()->mutable_checkpoint()->set_job_id("j-1");
  event.mutable_checkpoint_committed()->mutable_checkpoint()->set_attempt(1);
  EXPECT_FALSE(state.Apply(event).ok());
}

TEST(ClusterState, OffersCheckpointsNewestFirstToTheNextAttempt) {
  ClusterState state;
  ASSERT_TRUE(state.Apply(Submitted(state, "j-1")).ok());
  ASSERT_TRUE(state.Apply(Placed(state, "j-1", 1, {0})).ok());
  for (int step : {5, 9}) {
    v1::Event event = Next(state);
    v1::Checkpoint& checkpoint = *event.mutable_checkpoint_committed()->mutable_checkpoint();
    checkpoint.set_job_id("j-1");
    checkpoint.set_attempt(1);
    checkpoint.set_step(step);
    ASSERT_TRUE(state.Apply(event).ok());
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

TEST(ClusterState, MeansTheNewestJobByAName) {
  ClusterState state;
  v1::Event first = Submitted(state, "j-1");
  first.mutable_job_submitted()->mutable_job()->mutable_spec()->set_name("same");
  ASSERT_TRUE(state.Apply(first).ok());
  v1::Event second = Submitted(state, "j-2");
  second.mutable_job_submitted()->mutable_job()->mutable_spec()->set_name("same");
  ASSERT_TRUE(state.Apply(second).ok());
  EXPECT_EQ(state.FindJobByName("same")->job().id(), "j-2");
  EXPECT_EQ(state.FindJobByName("other"), nullptr);
}

}  // namespace
}  // namespace simclr::coordinator
