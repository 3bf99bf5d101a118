// Random histories of jobs, agents that die, and coordinators that die, under a fake clock: whatever happens,
// the invariants of ClusterState hold (Apply checks them), a replay gives the same bytes, and every job ends.
#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "coordinator/state/job_record.h"
#include "tests/support/test_cluster.h"

namespace simclr::coordinator {
namespace {

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : cluster_(seed), dice_(seed) {
    for (int i = 1; i <= 3; ++i)
      agents_.push_back(std::make_unique<FakeAgent>("worker-" + std::to_string(i), 2));
    cluster_.snapshot_every = 25;
    cluster_.Restart();
  }

  void Run(int rounds) {
    for (int i = 0; i < rounds; ++i) {
      if (Chance(5)) cluster_.Submit(PretrainSpec("job", 1 + static_cast<int>(dice_() % 4)));
      if (Chance(2)) CancelAny();
      if (Chance(2)) agents_[dice_() % agents_.size()]->Restart();
      if (Chance(2)) cluster_.Restart();
      Round(/*loss_percent=*/15, /*failure_percent=*/4);
    }
  }

  // Without faults everything that was submitted ends.
  void RunUntilQuiet() {
    for (int i = 0; i < 3000 && OpenJobs() > 0; ++i) Round(0, 0);
  }

  int OpenJobs() {
    int open = 0;
    const v1::ListJobsResponse response = cluster_->ListJobs({}).value();
    for (const v1::Job& job : response.jobs()) open += IsTerminal(job.status().phase()) ? 0 : 1;
    return open;
  }
  int Jobs() { return cluster_->ListJobs({}).value().jobs_size(); }
  TestCluster& cluster() { return cluster_; }

 private:
  bool Chance(int percent) { return static_cast<int>(dice_() % 100) < percent; }

  void CancelAny() {
    const v1::ListJobsResponse response = cluster_->ListJobs({}).value();
    if (response.jobs().empty()) return;
    (void)cluster_->Cancel(response.jobs(static_cast<int>(dice_() % response.jobs_size())).id(), "ann");
  }

  void Round(int loss_percent, int failure_percent) {
    cluster_.clock.Advance(absl::Seconds(1));
    for (auto& agent : agents_) {
      Train(*agent, loss_percent, failure_percent);
      if (!Chance(loss_percent)) agent->Beat(*cluster_);
    }
    cluster_.Tick();
  }

  void Train(FakeAgent& agent, int loss_percent, int failure_percent) {
    const std::vector<v1::ObservedRank> ranks = agent.ranks();
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      if (!ranks[i].started()) continue;
      const std::int64_t step = ranks[i].step() + 1;
      for (v1::ObservedRank& running : agent.ranks()) {
        if (running.job_id() == ranks[i].job_id() && running.rank() == ranks[i].rank())
          running.set_step(step);
      }
      if (ranks[i].rank() == 0 && step % 4 == 0 && !Chance(loss_percent)) {
        (void)agent.Commit(*cluster_, ranks[i].job_id(), ranks[i].attempt(), step);
      }
      if (step >= ranks[i].total_steps()) {
        (void)agent.Exit(*cluster_, ranks[i], v1::FAILURE_CLASS_SUCCESS);
      } else if (Chance(failure_percent)) {
        const v1::FailureClass classes[] = {v1::FAILURE_CLASS_CRASH,        v1::FAILURE_CLASS_PEER_LOST,
                                            v1::FAILURE_CLASS_HARDWARE,     v1::FAILURE_CLASS_DATA_ERROR,
                                            v1::FAILURE_CLASS_STORAGE_FULL, v1::FAILURE_CLASS_HANG};
        (void)agent.Exit(*cluster_, ranks[i], classes[dice_() % std::size(classes)]);
      }
    }
  }

  TestCluster cluster_;
  std::mt19937_64 dice_;
  std::vector<std::unique_ptr<FakeAgent>> agents_;
};

ClusterState Replay(const std::vector<v1::Event>& events, std::size_t count, ClusterState state = {}) {
  for (std::size_t i = 0; i < count; ++i) {
    if (events[i].revision() <= state.revision()) continue;
    const absl::Status applied = state.Apply(events[i]);
    EXPECT_TRUE(applied.ok()) << applied;
  }
  return state;
}

class SimulatorTest : public ::testing::TestWithParam<int> {};

TEST_P(SimulatorTest, EveryJobEndsAndEveryReplayAgrees) {
  Simulation simulation(static_cast<std::uint64_t>(GetParam()));
  simulation.Run(400);
  simulation.RunUntilQuiet();
  EXPECT_GT(simulation.Jobs(), 3);
  EXPECT_EQ(simulation.OpenJobs(), 0);

  const MemoryDisk& disk = simulation.cluster().disk;
  const std::string whole = Replay(disk.events, disk.events.size()).Serialize();
  std::mt19937_64 dice(static_cast<std::uint64_t>(GetParam()));
  for (int i = 0; i < 10; ++i) {
    // A crash after any event, with a snapshot of any earlier one.
    const std::size_t crash = dice() % (disk.events.size() + 1);
    const std::string snapshot = Replay(disk.events, crash).Serialize();
    const ClusterState recovered = ClusterState::Parse(snapshot).value();
    EXPECT_EQ(recovered.Serialize(), snapshot);
    EXPECT_EQ(Replay(disk.events, disk.events.size(), recovered).Serialize(), whole) << "crash at " << crash;
  }
  EXPECT_TRUE(Replay(disk.events, disk.events.size()).allocations().empty()) << "no slot leaks";
}

INSTANTIATE_TEST_SUITE_P(Seeds, SimulatorTest, ::testing::Range(1, 41));

}  // namespace
}  // namespace simclr::coordinator
