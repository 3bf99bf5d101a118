#include "coordinator/core/observations.h"

#include <gtest/gtest.h>

#include "coordinator/state/cluster_state.h"
#include "coordinator/state/job_record.h"
#include "tests/support/test_events.h"

namespace simclr::coordinator {
namespace {

using Taken = Observations::Taken;

constexpr absl::Duration kStart = absl::Seconds(1000);

// So many seconds after the coordinator's start.
absl::Duration At(double seconds) {
  return kStart + absl::Seconds(seconds);
}
Moment MomentAt(double seconds) {
  return {At(seconds), absl::FromUnixSeconds(1'800'000'000) + absl::Seconds(seconds), At(seconds)};
}

v1::Observed Report(std::int64_t sequence, std::uint64_t nonce = 101,
                    const std::string& worker = "worker-1") {
  v1::Observed observed;
  observed.set_worker(worker);
  observed.set_nonce(nonce);
  observed.set_sequence(sequence);
  return observed;
}

v1::ObservedRank& AddRank(v1::Observed& observed, std::int64_t step = 0, int rank = 0,
                          const std::string& nonce = "nonce-1") {
  v1::ObservedRank& added = *observed.add_ranks();
  added.set_job_id("j-1");
  added.set_attempt(1);
  added.set_rank(rank);
  added.set_nonce(nonce);
  added.set_step(step);
  return added;
}

// The job j-1 with an attempt of two ranks, on worker-1 and worker-2.
class ObservationsTest : public testing::Test {
 protected:
  ObservationsTest() {
    Apply(WorkerRegisteredEvent("worker-1"));
    Apply(WorkerRegisteredEvent("worker-2"));
    Apply(SubmittedEvent("j-1", 2));
    v1::Event placed = PlacedEventOf("j-1", 1, {0, 0});
    for (v1::RankRecord& rank : *placed.mutable_attempt_placed()->mutable_ranks()) rank.set_incarnation(1);
    placed.mutable_attempt_placed()->mutable_ranks(1)->set_worker("worker-2");
    Apply(placed);
  }

  void Apply(const v1::Event& event) {
    const absl::Status applied = state_.Apply(Numbered(event, state_.revision() + 1));
    ASSERT_TRUE(applied.ok()) << applied;
  }
  Taken Record(const v1::Observed& observed, double seconds) {
    return observations_.Record(observed, MomentAt(seconds));
  }
  void Follow(double seconds) { observations_.FollowAttempt(*state_.FindJob("j-1"), At(seconds)); }

  std::int64_t SequenceOf(const std::string& worker) const {
    return observations_.FindWorker(worker).value().observed->sequence();
  }
  v1::WorkerState StateOf(double seconds, const std::string& worker = "worker-1") const {
    return observations_.StateOf({}, *state_.FindWorker(worker), At(seconds));
  }
  AttemptView ViewAt(double seconds) const {
    const JobPtr job = state_.FindJob("j-1");
    return observations_.ViewOf({}, state_, *job, *LiveAttempt(*job), At(seconds));
  }

  ClusterState state_;
  Observations observations_{kStart};
};

TEST_F(ObservationsTest, LeavesOutWhatTheSameProcessSaidEarlier) {
  EXPECT_EQ(Record(Report(5), 1), Taken::kNews);
  EXPECT_TRUE(observations_.IsOlder(Report(4)));
  EXPECT_EQ(Record(Report(4), 2), Taken::kOlder);
  EXPECT_EQ(SequenceOf("worker-1"), 5);
  EXPECT_EQ(observations_.HeardAt("worker-1"), At(1));
  EXPECT_FALSE(observations_.IsOlder(Report(5)));
  EXPECT_EQ(Record(Report(6), 3), Taken::kSame);
  EXPECT_EQ(SequenceOf("worker-1"), 6);
  EXPECT_EQ(observations_.HeardAt("worker-1"), At(3));
}

TEST_F(ObservationsTest, TakesALowerSequenceOfAnotherProcess) {
  Record(Report(5), 1);
  EXPECT_FALSE(observations_.IsOlder(Report(1, 102)));
  EXPECT_EQ(Record(Report(1, 102), 2), Taken::kNews);
  EXPECT_EQ(SequenceOf("worker-1"), 1);
}

TEST_F(ObservationsTest, TakesALowerSequenceOfAnotherWorker) {
  Record(Report(5), 1);
  EXPECT_FALSE(observations_.IsOlder(Report(1, 101, "worker-2")));
  EXPECT_EQ(Record(Report(1, 101, "worker-2"), 2), Taken::kNews);
}

TEST_F(ObservationsTest, CallsNewsWhatDecisionsRestOn) {
  Record(Report(1), 1);
  v1::Observed with_rank = Report(2);
  v1::ObservedRank& rank = AddRank(with_rank);
  EXPECT_EQ(Record(with_rank, 2), Taken::kNews) << "a rank appeared";
  rank.set_step(7);
  EXPECT_EQ(Record(with_rank, 3), Taken::kSame) << "a step alone decides nothing";
  rank.set_started(true);
  EXPECT_EQ(Record(with_rank, 4), Taken::kNews) << "it started";
  rank.set_store_endpoint("10.0.0.1:29500");
  EXPECT_EQ(Record(with_rank, 5), Taken::kNews) << "it named its endpoint";
  with_rank.set_leaving(true);
  EXPECT_EQ(Record(with_rank, 6), Taken::kNews) << "the agent says good-bye";
  with_rank.clear_ranks();
  EXPECT_EQ(Record(with_rank, 7), Taken::kNews) << "a rank went";
}

TEST_F(ObservationsTest, ClosesTheSessionOfThatProcessAlone) {
  Record(Report(1), 1);
  EXPECT_TRUE(observations_.FindWorker("worker-1")->in_session);
  observations_.EndSession("worker-1", 100);
  EXPECT_TRUE(observations_.FindWorker("worker-1")->in_session) << "another process's session";
  observations_.EndSession("worker-1", 101);
  EXPECT_FALSE(observations_.FindWorker("worker-1")->in_session);
  observations_.EndSession("worker-9", 101);
  Record(Report(2), 2);
  EXPECT_TRUE(observations_.FindWorker("worker-1")->in_session) << "it came back";
}

TEST_F(ObservationsTest, GoesFromConnectedOverUnknownToLostInSilence) {
  EXPECT_EQ(StateOf(1), v1::WORKER_STATE_UNKNOWN) << "not heard since the start";
  Record(Report(1), 40);
  EXPECT_EQ(StateOf(44), v1::WORKER_STATE_CONNECTED);
  EXPECT_EQ(StateOf(45), v1::WORKER_STATE_UNKNOWN);
  EXPECT_EQ(StateOf(55), v1::WORKER_STATE_LOST);
  observations_.Reopen(At(54));
  EXPECT_EQ(StateOf(55), v1::WORKER_STATE_UNKNOWN) << "the coordinator itself stood still";
}

TEST_F(ObservationsTest, CountsTheSilenceOfAWorkerThatWasNeverHeardFromTheStart) {
  EXPECT_EQ(observations_.HeardAt("worker-1"), kStart);
  EXPECT_EQ(StateOf(29), v1::WORKER_STATE_UNKNOWN);
  EXPECT_EQ(StateOf(30), v1::WORKER_STATE_LOST);
}

TEST_F(ObservationsTest, CallsAWorkerThatIsGoneLost) {
  Record(Report(1), 40);
  Apply(WorkerGoneEvent("worker-2"));
  EXPECT_EQ(StateOf(41), v1::WORKER_STATE_CONNECTED);
  EXPECT_EQ(StateOf(41, "worker-2"), v1::WORKER_STATE_LOST);
}

TEST_F(ObservationsTest, TakesRefusedReportsForASignOfLifeUpToTheOrphanLimit) {
  Record(Report(1), 0);
  EXPECT_EQ(observations_.RefusalOf("worker-1"), "");
  for (int second = 1; second <= 601; ++second) {
    const bool warns = observations_.NoteRefused("worker-1", "slots: too many", At(second));
    EXPECT_EQ(warns, second % 60 == 1) << second;
    const v1::WorkerState expected = second < 61    ? v1::WORKER_STATE_CONNECTED
                                     : second < 601 ? v1::WORKER_STATE_UNKNOWN
                                                    : v1::WORKER_STATE_LOST;
    EXPECT_EQ(StateOf(second), expected) << second;
  }
  EXPECT_EQ(observations_.RefusalOf("worker-1"), "slots: too many");
  EXPECT_EQ(SequenceOf("worker-1"), 1) << "a refused report is no state";
}

TEST_F(ObservationsTest, ForgetsRefusalsOnceAReportIsTaken) {
  Record(Report(1), 0);
  observations_.NoteRefused("worker-1", "slots: too many", At(1));
  Record(Report(2), 70);
  EXPECT_EQ(observations_.RefusalOf("worker-1"), "");
  EXPECT_EQ(StateOf(70), v1::WORKER_STATE_CONNECTED);
  observations_.NoteRefused("worker-1", "slots: too many", At(71));
  EXPECT_EQ(StateOf(72), v1::WORKER_STATE_CONNECTED) << "the minute begins anew";
}

TEST_F(ObservationsTest, CallsARankAbsentOnlyOnceItWasSeen) {
  Record(Report(1), 1);
  Follow(2);
  EXPECT_EQ(ViewAt(60).ranks.at(0).absent, absl::ZeroDuration()) << "its agent did not start it yet";
  v1::Observed with_rank = Report(2);
  AddRank(with_rank);
  Record(with_rank, 61);
  Follow(61);
  EXPECT_EQ(ViewAt(62).ranks.at(0).absent, absl::ZeroDuration()) << "it is there";
  EXPECT_NE(ViewAt(62).ranks.at(0).observed, nullptr);
  Record(Report(3), 63);
  Follow(63);
  EXPECT_EQ(ViewAt(70).ranks.at(0).absent, absl::Seconds(7));
  EXPECT_EQ(ViewAt(70).ranks.at(0).observed, nullptr);
  EXPECT_EQ(ViewAt(70).ranks.at(1).absent, absl::ZeroDuration()) << "of the other nothing was heard";
  Follow(75);
  EXPECT_EQ(ViewAt(80).ranks.at(0).absent, absl::Seconds(17)) << "since it was missed first";
  with_rank.set_sequence(4);
  Record(with_rank, 81);
  Follow(81);
  EXPECT_EQ(ViewAt(82).ranks.at(0).absent, absl::ZeroDuration()) << "it is back";
}

TEST_F(ObservationsTest, MissesARankOfARunningAttemptThatItNeverSaw) {
  Apply(RunningEventOf("j-1", 1));
  Follow(1);
  EXPECT_EQ(ViewAt(9).ranks.at(0).absent, absl::ZeroDuration()) << "its agent was not heard yet";
  Record(Report(1), 10);
  Follow(10);
  EXPECT_EQ(ViewAt(15).ranks.at(0).absent, absl::Seconds(5));
}

TEST_F(ObservationsTest, FindsARankByItsPlacement) {
  v1::Observed observed = Report(1);
  AddRank(observed, 50, 0, "nonce-of-before").set_store_endpoint("10.0.0.1:1");
  Record(observed, 1);
  const JobPtr job = state_.FindJob("j-1");
  const v1::AttemptRecord& live = *LiveAttempt(*job);
  EXPECT_EQ(observations_.FindRank("j-1", live, live.ranks(0)), nullptr) << "of another placement";
  EXPECT_EQ(observations_.StoreEndpoint("j-1", live), "");
  EXPECT_FALSE(observations_.FindProgress(*job).has_value());
  observed.set_sequence(2);
  AddRank(observed, 7).set_store_endpoint("10.0.0.1:2");
  Record(observed, 2);
  EXPECT_EQ(observations_.FindRank("j-1", live, live.ranks(0))->step(), 7);
  EXPECT_EQ(observations_.FindRank("j-1", live, live.ranks(1)), nullptr);
  EXPECT_EQ(observations_.StoreEndpoint("j-1", live), "10.0.0.1:2");
  v1::Observed other = Report(1, 101, "worker-2");
  AddRank(other, 9, 1);
  Record(other, 3);
  EXPECT_EQ(observations_.FindProgress(*job)->step, 9) << "the rank that is furthest";
}

TEST_F(ObservationsTest, TakesStepsOfTheGangForLifeOfASilentWorker) {
  Record(Report(1), 40);
  v1::Observed other = Report(1, 101, "worker-2");
  AddRank(other, 1, 1);
  Record(other, 40);
  Follow(40);
  EXPECT_EQ(StateOf(56), v1::WORKER_STATE_LOST) << "without a step";
  other.set_sequence(2);
  other.mutable_ranks(0)->set_step(2);
  Record(other, 54);
  EXPECT_EQ(StateOf(56), v1::WORKER_STATE_UNKNOWN);
  EXPECT_EQ(StateOf(69), v1::WORKER_STATE_LOST) << "the last step is too long ago";
  observations_.Forget("j-1");
  EXPECT_EQ(StateOf(56), v1::WORKER_STATE_LOST) << "the gang is no more";
}

TEST_F(ObservationsTest, ShowsARankOfARestartedWorkerAsLost) {
  Record(Report(1), 1);
  Record(Report(1, 101, "worker-2"), 1);
  Follow(1);
  EXPECT_EQ(ViewAt(2).ranks.at(0).worker, v1::WORKER_STATE_CONNECTED);
  Apply(WorkerRegisteredEvent("worker-1", 2));
  EXPECT_EQ(ViewAt(2).ranks.at(0).worker, v1::WORKER_STATE_LOST);
  EXPECT_EQ(ViewAt(2).ranks.at(1).worker, v1::WORKER_STATE_CONNECTED);
  v1::Observed shows = Report(2);
  AddRank(shows);
  Record(shows, 2);
  EXPECT_EQ(ViewAt(2).ranks.at(0).worker, v1::WORKER_STATE_CONNECTED) << "it kept its trainer";
}

TEST_F(ObservationsTest, CountsAnOrderToStopAsSeenOnceTheWorkerReportsAfterIt) {
  Record(Report(1), 1);
  Follow(1);
  Apply(JobStoppingEvent("j-1"));
  Follow(2);
  EXPECT_TRUE(ViewAt(3).stopping);
  EXPECT_FALSE(ViewAt(3).ranks.at(0).stop_seen);
  Record(Report(2), 4);
  EXPECT_TRUE(ViewAt(5).ranks.at(0).stop_seen);
  EXPECT_FALSE(ViewAt(5).ranks.at(1).stop_seen) << "nothing was heard of the other";
}

TEST_F(ObservationsTest, BeginsTimersAnewWithEachAttempt) {
  Follow(1);
  Apply(ExitedEvent("j-1", 1, 0));
  Follow(5);
  EXPECT_EQ(ViewAt(8).since_placed, absl::Seconds(7));
  EXPECT_EQ(ViewAt(8).since_first_exit, absl::Seconds(3));
  EXPECT_NE(ViewAt(8).ranks.at(0).exit, nullptr);
  Apply(AttemptEndedEvent("j-1", 1, v1::PHASE_QUEUED));
  Follow(9);
  Apply(PlacedEventOf("j-1", 2, {0, 1}));
  Follow(10);
  EXPECT_EQ(ViewAt(12).since_placed, absl::Seconds(2));
  EXPECT_EQ(ViewAt(12).since_first_exit, absl::ZeroDuration());
}

TEST_F(ObservationsTest, TakesRefusedReportsOfAWorkerThatWasNotHeardSinceTheStartForLife) {
  for (int second = 1; second <= 40; ++second) observations_.NoteRefused("worker-1", "no", At(second));
  EXPECT_EQ(StateOf(40), v1::WORKER_STATE_UNKNOWN);
  EXPECT_EQ(observations_.HeardAt("worker-1"), At(40));
}

TEST_F(ObservationsTest, DoesNotTakeStepsOfAnotherPlacementForLife) {
  Record(Report(1), 40);
  v1::Observed other = Report(1, 101, "worker-2");
  AddRank(other, 1, 1, "nonce-of-before");
  Record(other, 40);
  Follow(40);
  other.set_sequence(2);
  other.mutable_ranks(0)->set_step(2);
  Record(other, 54);
  EXPECT_EQ(StateOf(56), v1::WORKER_STATE_LOST);
}

TEST_F(ObservationsTest, DoesNotTakeARefusedReportForOneAfterTheOrderToStop) {
  Record(Report(1), 1);
  Follow(1);
  Apply(JobStoppingEvent("j-1"));
  Follow(2);
  observations_.NoteRefused("worker-1", "no", At(3));
  EXPECT_FALSE(ViewAt(4).ranks.at(0).stop_seen) << "what it runs is not known";
}

}  // namespace
}  // namespace simclr::coordinator
