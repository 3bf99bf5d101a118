#include "coordinator/core/desired_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/state/cluster_state.h"
#include "tests/support/test_events.h"

namespace simclr::coordinator {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kEndpoint[] = "127.0.0.1:29500";

// The job j-1 with an attempt of two ranks, on worker-1 and worker-2.
class DesiredStateTest : public ::testing::Test {
 protected:
  DesiredStateTest() {
    Apply(WorkerRegisteredEvent("worker-1"));
    Apply(WorkerRegisteredEvent("worker-2"));
    v1::Event submitted = SubmittedEvent("j-1", 2);
    submitted.mutable_job_submitted()->set_spec_hash("hash");
    Apply(submitted);
  }

  void Apply(const v1::Event& event) {
    const absl::Status applied = state_.Apply(Numbered(event, state_.revision() + 1));
    ASSERT_TRUE(applied.ok()) << applied;
  }

  void Place(int attempt = 1) {
    v1::Event placed = PlacedEventOf("j-1", attempt, {3, 0});
    for (v1::RankRecord& rank : *placed.mutable_attempt_placed()->mutable_ranks()) rank.set_incarnation(1);
    placed.mutable_attempt_placed()->mutable_ranks(1)->set_worker("worker-2");
    Apply(placed);
  }

  // The worker says that it has that rank of the placement `nonce`.
  void Observe(const std::string& worker, int rank, const std::string& nonce = "nonce-1",
               const std::string& endpoint = "") {
    v1::Observed observed;
    observed.set_worker(worker);
    observed.set_sequence(++sequence_);
    v1::ObservedRank& seen = *observed.add_ranks();
    seen.set_job_id("j-1");
    seen.set_attempt(1);
    seen.set_rank(rank);
    seen.set_nonce(nonce);
    seen.set_store_endpoint(endpoint);
    observations_.Record(observed, {absl::Seconds(1), absl::UnixEpoch(), absl::Seconds(1)});
  }

  std::vector<v1::DesiredRank> Desired(const std::string& worker) const {
    std::vector<JobPtr> jobs;
    for (const auto& [id, record] : state_.jobs()) jobs.push_back(record);
    const v1::Desired desired = DesiredFor(*state_.FindWorker(worker), jobs, observations_);
    return {desired.ranks().begin(), desired.ranks().end()};
  }

  ClusterState state_;
  Observations observations_{absl::ZeroDuration()};
  std::int64_t sequence_ = 0;
};

TEST_F(DesiredStateTest, WantsNothingOfAWorkerThatNoLiveAttemptIsOn) {
  EXPECT_THAT(Desired("worker-1"), IsEmpty()) << "the job is queued";
  Place();
  Apply(WorkerRegisteredEvent("worker-3"));
  EXPECT_THAT(Desired("worker-3"), IsEmpty());
  Apply(AttemptEndedEvent("j-1", 1, v1::PHASE_QUEUED));
  EXPECT_THAT(Desired("worker-1"), IsEmpty());
}

TEST_F(DesiredStateTest, NamesARankByItsPlacement) {
  Place();
  const auto ranks = Desired("worker-2");
  ASSERT_EQ(ranks.size(), 1u);
  EXPECT_EQ(ranks[0].job_id(), "j-1");
  EXPECT_EQ(ranks[0].attempt(), 1);
  EXPECT_EQ(ranks[0].nonce(), "nonce-1");
  EXPECT_EQ(ranks[0].rank(), 1);
  EXPECT_EQ(ranks[0].world_size(), 2);
  EXPECT_EQ(ranks[0].slot(), 0);
  EXPECT_EQ(ranks[0].spec_hash(), "hash");
  EXPECT_EQ(ranks[0].spec().name(), "name-of-j-1");
  EXPECT_EQ(Desired("worker-1").at(0).slot(), 3);
}

TEST_F(DesiredStateTest, PreparesARankAndRunsItOnceItsGangCanMeet) {
  Place();
  Observe("worker-1", 0);
  EXPECT_EQ(Desired("worker-1").at(0).order(), v1::ORDER_PREPARE);
  EXPECT_EQ(Desired("worker-2").at(0).order(), v1::ORDER_PREPARE);
  Observe("worker-1", 0, "nonce-1", kEndpoint);
  for (const char* worker : {"worker-1", "worker-2"}) {
    EXPECT_EQ(Desired(worker).at(0).order(), v1::ORDER_RUN);
    EXPECT_EQ(Desired(worker).at(0).store_endpoint(), kEndpoint);
  }
}

TEST_F(DesiredStateTest, KnowsNoEndpointOfAnotherPlacement) {
  Place();
  Observe("worker-1", 0, "nonce-0", kEndpoint);
  EXPECT_EQ(Desired("worker-2").at(0).order(), v1::ORDER_PREPARE);
}

TEST_F(DesiredStateTest, WantsNoRankThatHasExited) {
  Place();
  Apply(ExitedEvent("j-1", 1, 1));
  EXPECT_THAT(Desired("worker-2"), IsEmpty());
  EXPECT_EQ(Desired("worker-1").size(), 1u);
}

TEST_F(DesiredStateTest, WantsNoRankOfAJobThatIsBeingStopped) {
  Place();
  Apply(JobStoppingEvent("j-1"));
  EXPECT_THAT(Desired("worker-1"), IsEmpty());
  EXPECT_THAT(Desired("worker-2"), IsEmpty());
}

TEST_F(DesiredStateTest, WantsOfANewAgentProcessOnlyWhatItHas) {
  Place();
  Apply(WorkerRegisteredEvent("worker-2", 2));
  EXPECT_THAT(Desired("worker-2"), IsEmpty());
  Observe("worker-2", 1);
  EXPECT_EQ(Desired("worker-2").size(), 1u) << "the number alone changed, by a restored database";
}

TEST_F(DesiredStateTest, OffersTheCheckpointsOfThePlacement) {
  Place();
  for (int step : {5, 10}) Apply(CommittedEvent("j-1", 1, step));
  EXPECT_THAT(Desired("worker-1").at(0).resume(), IsEmpty()) << "they came after it";
  Apply(AttemptEndedEvent("j-1", 1, v1::PHASE_QUEUED));
  Place(2);
  const v1::DesiredRank rank = Desired("worker-1").at(0);
  ASSERT_EQ(rank.resume_size(), 2);
  EXPECT_EQ(rank.resume(0).step(), 10);
  EXPECT_EQ(rank.resume(1).step(), 5);
}

TEST_F(DesiredStateTest, NamesTheWorkersOfTheLastAttempt) {
  const auto gang = [this] {
    std::set<std::string> workers = {"worker-0"};
    AddGang(*state_.FindJob("j-1"), workers);
    return workers;
  };
  EXPECT_THAT(gang(), ElementsAre("worker-0"));
  Place();
  EXPECT_THAT(gang(), ElementsAre("worker-0", "worker-1", "worker-2"));
  Apply(AttemptEndedEvent("j-1", 1, v1::PHASE_QUEUED));
  EXPECT_THAT(gang(), ElementsAre("worker-0", "worker-1", "worker-2")) << "they must hear that it ended";
}

}  // namespace
}  // namespace simclr::coordinator
