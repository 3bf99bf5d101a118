#include "coordinator/core/coordinator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_cluster.h"

namespace simclr::coordinator {
namespace {

using ::testing::SizeIs;

constexpr absl::Duration kRecent = absl::Minutes(15);

void Settle(TestCluster& cluster, FakeAgent& agent) {
  for (int i = 0; i < 6; ++i) {
    agent.Beat(*cluster);
    cluster.Tick();
  }
}

TEST(CoordinatorView, ShowsAnEndedJobForAWhileAndCountsItForEver) {
  TestCluster cluster;
  FakeAgent agent("worker-1", 1);
  const std::string job = cluster.Submit(PretrainSpec("a"));
  Settle(cluster, agent);
  ASSERT_TRUE(agent.Commit(*cluster, job, 1, 5).ok());
  ASSERT_TRUE(agent.Exit(*cluster, agent.ranks()[0], v1::FAILURE_CLASS_SUCCESS).ok());
  cluster.Tick();
  cluster.clock.Advance(kRecent - absl::Seconds(1));
  ASSERT_THAT(cluster->View(kRecent).jobs, SizeIs(1));
  EXPECT_EQ(cluster->View(kRecent).jobs[0].checkpoint->step(), 5);
  cluster.clock.Advance(absl::Seconds(1));
  const ClusterView later = cluster->View(kRecent);
  EXPECT_THAT(later.jobs, SizeIs(0));
  EXPECT_EQ(later.job_counts.at({v1::JOB_KIND_PRETRAIN, v1::PHASE_SUCCEEDED}), 1);
  EXPECT_EQ(later.revision, cluster->revision());
}

TEST(CoordinatorView, ShowsLostWorkersButNotThoseThatLeft) {
  TestCluster cluster;
  FakeAgent stays("worker-1", 1), leaves("worker-2", 1);
  Settle(cluster, stays);
  Settle(cluster, leaves);
  EXPECT_THAT(cluster->View(kRecent).workers, SizeIs(2));
  v1::Observed farewell = leaves.Report();
  farewell.set_leaving(true);
  ASSERT_TRUE(Observe(*cluster, farewell).ok());
  cluster.Tick();
  ASSERT_THAT(cluster->View(kRecent).workers, SizeIs(1));
  cluster.clock.Advance(absl::Hours(1));
  cluster.Tick();
  ASSERT_THAT(cluster->View(kRecent).workers, SizeIs(1));
  EXPECT_EQ(cluster->View(kRecent).workers[0].state(), v1::WORKER_STATE_LOST);
}

TEST(CoordinatorView, ShowsWhatAnAgentSaysIsWrongThereUntilItSaysNoMore) {
  TestCluster cluster;
  FakeAgent agent("worker-1", 1);
  v1::Observed observed = agent.Report();
  observed.add_troubles("storage: no answer for 40 s");
  ASSERT_TRUE(Observe(*cluster, observed).ok());
  ASSERT_THAT(cluster->Workers(), SizeIs(1));
  ASSERT_EQ(cluster->Workers()[0].troubles_size(), 1);
  EXPECT_EQ(cluster->Workers()[0].troubles(0), "storage: no answer for 40 s");
  agent.Beat(*cluster);
  EXPECT_EQ(cluster->Workers()[0].troubles_size(), 0);
}

TEST(CoordinatorView, KeepsTheSlotOfATrainerThatOutlivesItsJobAndNamesIt) {
  TestCluster cluster;
  FakeAgent agent("worker-1", 1);
  const std::string job = cluster.Submit(PretrainSpec("a"));
  Settle(cluster, agent);
  ASSERT_TRUE(cluster.Cancel(job, "ann").ok());
  // It is told to stop, and shows the same trainer again and again.
  const auto beat = [&] {
    v1::Observed observed = agent.Report();
    observed.mutable_ranks(0)->set_pid(77);
    observed.mutable_ranks(0)->set_stuck("pid 77 does not end: it waits in the kernel (nfs_wait)");
    ASSERT_TRUE(Observe(*cluster, observed).ok());
    cluster.Tick();
  };
  for (int second = 0; second < 70; second += 2) {
    beat();
    cluster.clock.Advance(absl::Seconds(2));
  }
  EXPECT_EQ(cluster.PhaseOf(job), v1::PHASE_CANCELLED);
  EXPECT_THAT(cluster.StatusOf(job).message(), testing::HasSubstr("pid 77 does not end"));
  const std::string next = cluster.Submit(PretrainSpec("b"));
  beat();
  EXPECT_EQ(cluster.PhaseOf(next), v1::PHASE_QUEUED);
  const v1::Slot slot = cluster->Workers()[0].slots(0);
  EXPECT_EQ(slot.job_id(), job);
  EXPECT_THAT(slot.unusable_reason(), testing::HasSubstr("pid 77 of job"));
  agent.ranks().clear();
  Settle(cluster, agent);
  EXPECT_EQ(cluster.PhaseOf(next), v1::PHASE_RUNNING);
}

// Adds up what it hears.
class Listener : public CoordinatorObserver {
 public:
  void OnSlotsHeld(v1::JobKind, absl::Duration slot_time) override { held += slot_time; }
  void OnHeartbeat(const absl::Status& taken) override { ++(taken.ok() ? accepted : refused); }
  void OnScheduled(absl::Duration) override { ++passes; }
  void OnEvent(const v1::Event& event, const v1::JobRecord* job, const PhaseSpan& before) override {
    if (job != nullptr) phases.emplace_back(before.phase, job->job().status().phase());
  }

  absl::Duration held;
  int accepted = 0, refused = 0, passes = 0;
  std::vector<std::pair<v1::Phase, v1::Phase>> phases;
};

TEST(CoordinatorObserver, HearsOfSlotTimeHeartbeatsAndPhases) {
  FakeClock clock;
  MemoryDisk disk;
  MemoryJournal journal(disk);
  MemoryEndedJobs ended(disk);
  MemoryStepMetrics metrics;
  Listener listener;
  const auto coordinator = Coordinator::Open({}, clock, journal, ended, metrics, listener).value();
  FakeAgent agent("worker-1", 2);
  ASSERT_TRUE(coordinator->Submit(SubmitRequest(PretrainSpec("a", 2)), "ann").ok());
  agent.Beat(*coordinator);
  coordinator->Tick();  // placed
  clock.Advance(absl::Seconds(3));
  coordinator->Tick();
  EXPECT_EQ(listener.held, absl::Seconds(6));
  EXPECT_EQ(listener.passes, 2);
  v1::Observed nameless;
  EXPECT_FALSE(Observe(*coordinator, nameless).ok());
  EXPECT_EQ(listener.accepted, 1);
  EXPECT_EQ(listener.refused, 1);
  EXPECT_EQ(listener.phases.front(), std::pair(v1::PHASE_UNSPECIFIED, v1::PHASE_QUEUED));
  EXPECT_EQ(listener.phases.back(), std::pair(v1::PHASE_QUEUED, v1::PHASE_STARTING));
}

TEST(CoordinatorView, ShowsTheJobOfATrainerThatOutlivesItsEndAndGivesItsSlotToNobody) {
  TestCluster cluster;
  FakeAgent agent("worker-1", 1);
  agent.Beat(*cluster);
  const std::string job = cluster.Submit(PretrainSpec("a"));
  cluster.clock.Advance(absl::Seconds(2));
  cluster.Tick();
  agent.Beat(*cluster);
  ASSERT_TRUE(cluster.Cancel(job, "ann").ok());
  for (int second = 0; second < 65; ++second) {
    ASSERT_TRUE(Observe(*cluster, agent.Report()).ok());  // it cannot end the trainer
    cluster.clock.Advance(absl::Seconds(1));
    cluster.Tick();
  }
  EXPECT_EQ(cluster.PhaseOf(job), v1::PHASE_CANCELLED);
  EXPECT_EQ(cluster->ListWorkers({}).value().workers(0).slots(0).job_id(), job);
  const std::string next = cluster.Submit(PretrainSpec("b"));
  cluster.clock.Advance(absl::Seconds(2));
  cluster.Tick();
  EXPECT_EQ(cluster.PhaseOf(next), v1::PHASE_QUEUED);
  for (int i = 0; i < 2; ++i) {
    agent.Beat(*cluster);
    cluster.clock.Advance(absl::Seconds(2));
    cluster.Tick();
  }
  EXPECT_EQ(cluster.PhaseOf(next), v1::PHASE_STARTING);
}

}  // namespace
}  // namespace simclr::coordinator
