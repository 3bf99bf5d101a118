#include "coordinator/core/coordinator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_cluster.h"

namespace simclr::coordinator {
namespace {

using ::testing::HasSubstr;

// Exchanges until nothing changes any more.
void Settle(TestCluster& cluster, std::vector<FakeAgent*> agents) {
  for (int i = 0; i < 6; ++i) {
    for (FakeAgent* agent : agents) agent->Beat(*cluster);
    cluster.Tick();
  }
  for (FakeAgent* agent : agents) agent->Beat(*cluster);
}

TEST(Coordinator, RunsAGangOfTwoToSuccess) {
  TestCluster cluster;
  FakeAgent one("worker-1", 1), two("worker-2", 1);
  const std::string job = cluster.Submit(PretrainSpec("pair", 2));
  Settle(cluster, {&one, &two});
  ASSERT_EQ(cluster.PhaseOf(job), v1::PHASE_RUNNING);
  EXPECT_EQ(cluster.StatusOf(job).placement_size(), 2);
  EXPECT_TRUE(one.Exit(*cluster, one.ranks()[0], v1::FAILURE_CLASS_SUCCESS).ok());
  cluster.Tick();
  EXPECT_EQ(cluster.PhaseOf(job), v1::PHASE_RUNNING) << "rank 1 still runs";
  EXPECT_TRUE(two.Exit(*cluster, two.ranks()[0], v1::FAILURE_CLASS_SUCCESS).ok());
  cluster.Tick();
  EXPECT_EQ(cluster.PhaseOf(job), v1::PHASE_SUCCEEDED);
  EXPECT_EQ(cluster.StatusOf(job).results().at("pretrain/loss"), 1.5);
}

TEST(Coordinator, KeepsStepAndEpochOfAnEndedJob) {
  TestCluster cluster;
  FakeAgent one("worker-1", 1);
  const std::string job = cluster.Submit(PretrainSpec("a"));
  Settle(cluster, {&one});
  v1::ObservedRank last = one.ranks()[0];
  last.set_step(10);
  last.set_epoch(2.5);
  EXPECT_TRUE(one.Exit(*cluster, last, v1::FAILURE_CLASS_SUCCESS).ok()) << "no Observed tells of the end";
  Settle(cluster, {&one});
  EXPECT_EQ(cluster.StatusOf(job).step(), 10);
  EXPECT_EQ(cluster.StatusOf(job).epoch(), 2.5);
  cluster.Restart();
  EXPECT_EQ(cluster.StatusOf(job).epoch(), 2.5);
}

TEST(Coordinator, GivesTheSameJobForTheSameRequestId) {
  TestCluster cluster;
  const auto request = SubmitRequest(PretrainSpec("a"), "r1");
  const std::string id = cluster->Submit(request, "ann").value().id();
  EXPECT_EQ(cluster->Submit(request, "ann").value().id(), id);
  cluster.Restart();
  EXPECT_EQ(cluster->Submit(request, "ann").value().id(), id) << "also after a restart";
  EXPECT_EQ(cluster->ListJobs({}).value().jobs_size(), 1);
  const auto other = cluster->Submit(SubmitRequest(PretrainSpec("b"), "r1"), "ann");
  EXPECT_TRUE(absl::IsAlreadyExists(other.status()));
  EXPECT_NE(cluster->Submit(request, "bob").value().id(), id) << "request ids belong to their owner";
}

TEST(Coordinator, WritesASnapshotAfterSoManyEventsAndStartsFromTheNewest) {
  TestCluster cluster;
  cluster.snapshot_every = 3;
  cluster.Restart();
  std::vector<std::int64_t> snapshots;
  for (int i = 0; i < 7; ++i) {
    cluster.Submit(PretrainSpec("a"));
    ASSERT_TRUE(cluster->Snapshot(/*always=*/false).ok());
    snapshots.push_back(cluster.disk.snapshot_revision);
  }
  EXPECT_EQ(snapshots, std::vector<std::int64_t>({0, 0, 3, 3, 3, 6, 6}));
  cluster.Restart();
  EXPECT_EQ(cluster->revision(), 7);
  EXPECT_EQ(cluster->ListJobs({}).value().jobs_size(), 7);
}

TEST(Coordinator, OnlyChecksADryRun) {
  TestCluster cluster;
  v1::SubmitJobRequest request = SubmitRequest(PretrainSpec("a"), "r1");
  request.set_validate_only(true);
  const v1::Job job = cluster->Submit(request, "ann").value();
  EXPECT_EQ(job.id(), "");
  EXPECT_EQ(job.spec().model().encoder(), "resnet50") << "defaults are filled in";
  EXPECT_EQ(cluster->revision(), 0);
}

TEST(Coordinator, KeepsJobsInSubmitOrderWhateverTheClockDoes) {
  TestCluster cluster;
  const std::string first = cluster.Submit(PretrainSpec("a"));
  cluster.clock.JumpWall(-absl::Hours(1));
  const std::string second = cluster.Submit(PretrainSpec("a"));
  EXPECT_LT(first, second);
  EXPECT_EQ(cluster->GetJob("a").value().id(), second) << "a name means the newest";
}

TEST(Coordinator, RefusesDataOutsideItsRoots) {
  TestCluster cluster;
  v1::JobSpec spec = PretrainSpec("a");
  spec.mutable_data()->set_source("folder:/data/../etc");
  EXPECT_THAT(std::string(cluster->Submit(SubmitRequest(spec), "ann").status().message()),
              HasSubstr("data.source"));
  spec.mutable_data()->set_source("folder:/data/images");
  EXPECT_TRUE(cluster->Submit(SubmitRequest(spec), "ann").ok());
}

TEST(Coordinator, SaysWhyAJobWaits) {
  TestCluster cluster;
  FakeAgent one("worker-1", 2);
  one.Beat(*cluster);
  const std::string big = cluster.Submit(PretrainSpec("big", 4));
  cluster.Tick();
  EXPECT_EQ(cluster.StatusOf(big).reason(), v1::REASON_NO_SUCH_CAPACITY);
  EXPECT_EQ(cluster.StatusOf(big).message(), "needs 4 cpu slots, 2 free of 2");
}

TEST(Coordinator, LetsAJobForAnyDeviceWaitForAGpuThatCannotBeUsed) {
  TestCluster cluster;
  v1::Observed report = WorkerReport("worker-1", 1, 2);
  report.mutable_slots(1)->set_device(v1::DEVICE_CUDA);
  report.mutable_slots(1)->set_usable(false);
  ASSERT_TRUE(Observe(*cluster, report).ok());
  const std::string job = cluster.Submit(PretrainSpec("a"));
  cluster.Tick();
  EXPECT_EQ(cluster.StatusOf(job).reason(), v1::REASON_NO_SUCH_CAPACITY);
  EXPECT_EQ(cluster.StatusOf(job).message(), "needs 1 cuda slot, 0 free of 0; 1 cannot be used now");
}

TEST(Coordinator, RestartsACrashedJobFromItsNewestCheckpointAfterTheBackoff) {
  TestCluster cluster;
  FakeAgent one("worker-1", 1);
  const std::string job = cluster.Submit(PretrainSpec("a"));
  Settle(cluster, {&one});
  EXPECT_TRUE(one.Commit(*cluster, job, 1, 4).ok());
  EXPECT_TRUE(one.Exit(*cluster, one.ranks()[0], v1::FAILURE_CLASS_CRASH, "signal 9").ok());
  Settle(cluster, {&one});
  EXPECT_EQ(cluster.StatusOf(job).reason(), v1::REASON_BACKOFF);
  EXPECT_THAT(cluster.StatusOf(job).message(), HasSubstr("signal 9"));
  cluster.clock.Advance(absl::Seconds(6));
  Settle(cluster, {&one});
  const v1::JobStatus status = cluster.StatusOf(job);
  EXPECT_EQ(status.phase(), v1::PHASE_RUNNING);
  EXPECT_EQ(status.attempt(), 2);
  EXPECT_EQ(status.resumed_from_step(), 4);
  EXPECT_EQ(status.restarts(), 1);
}

TEST(Coordinator, RefusesWhatAnOldAttemptBrings) {
  TestCluster cluster;
  FakeAgent one("worker-1", 1);
  const std::string job = cluster.Submit(PretrainSpec("a"));
  Settle(cluster, {&one});
  const v1::ObservedRank zombie = one.ranks()[0];
  EXPECT_TRUE(one.Exit(*cluster, zombie, v1::FAILURE_CLASS_CRASH).ok());
  cluster.Tick();
  const std::int64_t revision = cluster->revision();
  EXPECT_TRUE(absl::IsFailedPrecondition(one.Commit(*cluster, job, 1, 7)));
  v1::PushMetricsRequest push;
  push.set_worker("worker-1");
  push.set_job_id(job);
  push.set_attempt(1);
  EXPECT_TRUE(absl::IsFailedPrecondition(cluster->PushMetrics(push)));
  EXPECT_TRUE(one.Exit(*cluster, zombie, v1::FAILURE_CLASS_CRASH).ok()) << "a repeated report is harmless";
  EXPECT_EQ(cluster->revision(), revision);
}

TEST(Coordinator, FailsAUserErrorAtOnce) {
  TestCluster cluster;
  FakeAgent one("worker-1", 1);
  const std::string job = cluster.Submit(PretrainSpec("a"));
  Settle(cluster, {&one});
  EXPECT_TRUE(one.Exit(*cluster, one.ranks()[0], v1::FAILURE_CLASS_DATA_ERROR, "no images in /data/x").ok());
  cluster.Tick();
  EXPECT_EQ(cluster.PhaseOf(job), v1::PHASE_FAILED);
  EXPECT_THAT(cluster.StatusOf(job).message(), HasSubstr("no images in /data/x"));
}

TEST(Coordinator, BlamesTheRankThatCrashedNotTheOnesThatLostIt) {
  TestCluster cluster;
  FakeAgent one("worker-1", 1), two("worker-2", 1);
  const std::string job = cluster.Submit(PretrainSpec("a", 2));
  Settle(cluster, {&one, &two});
  EXPECT_TRUE(one.Exit(*cluster, one.ranks()[0], v1::FAILURE_CLASS_PEER_LOST).ok());
  cluster.Tick();
  EXPECT_EQ(cluster.PhaseOf(job), v1::PHASE_RUNNING) << "the cause may still turn up";
  EXPECT_TRUE(two.Exit(*cluster, two.ranks()[0], v1::FAILURE_CLASS_OUT_OF_MEMORY).ok());
  cluster.Tick();
  EXPECT_EQ(cluster.StatusOf(job).failure(), v1::FAILURE_CLASS_OUT_OF_MEMORY);
  EXPECT_EQ(cluster.StatusOf(job).attempts(0).culprit_rank(), 1);
}

TEST(Coordinator, EndsTheAttemptsOfARestartedWorker) {
  TestCluster cluster;
  FakeAgent one("worker-1", 1);
  const std::string job = cluster.Submit(PretrainSpec("a"));
  Settle(cluster, {&one});
  const v1::Observed old_report = one.Report();
  cluster->EndSession("worker-1", old_report.nonce());
  one.Restart();
  one.Beat(*cluster);
  cluster.Tick();
  EXPECT_EQ(cluster.StatusOf(job).failure(), v1::FAILURE_CLASS_WORKER_LOST);
  EXPECT_EQ(cluster.StatusOf(job).restarts(), 0) << "not the job's fault";
  EXPECT_TRUE(absl::IsFailedPrecondition(Observe(*cluster, old_report).status()))
      << "the old process is told to go";
}

TEST(Coordinator, RestartsAJobWhoseRankVanishedWithoutAReport) {
  TestCluster cluster;
  FakeAgent one("worker-1", 1);
  const std::string job = cluster.Submit(PretrainSpec("a"));
  Settle(cluster, {&one});
  cluster.Restart();
  one.Lose(one.ranks()[0]);
  Settle(cluster, {&one});
  EXPECT_EQ(cluster.PhaseOf(job), v1::PHASE_RUNNING) << "the report may be on its way";
  cluster.clock.Advance(absl::Seconds(31));
  one.Beat(*cluster);
  cluster.Tick();
  EXPECT_EQ(cluster.StatusOf(job).reason(), v1::REASON_BACKOFF);
  EXPECT_THAT(cluster.StatusOf(job).message(), HasSubstr("never reported"));
}

TEST(Coordinator, LosesASilentWorkerOnlyAfterTheLimit) {
  TestCluster cluster;
  FakeAgent one("worker-1", 1), two("worker-2", 1);
  const std::string job = cluster.Submit(PretrainSpec("a"));
  cluster.clock.Advance(absl::Seconds(60));
  Settle(cluster, {&one});
  cluster.clock.Advance(absl::Seconds(10));
  Settle(cluster, {&two});
  EXPECT_EQ(cluster->Workers()[0].state(), v1::WORKER_STATE_UNKNOWN);
  EXPECT_EQ(cluster.PhaseOf(job), v1::PHASE_RUNNING);
  cluster.clock.Advance(absl::Seconds(6));
  Settle(cluster, {&two});
  EXPECT_EQ(cluster->Workers()[0].state(), v1::WORKER_STATE_LOST);
  cluster.clock.Advance(absl::Seconds(6));
  Settle(cluster, {&two});
  EXPECT_EQ(cluster.StatusOf(job).attempt(), 2);
  EXPECT_EQ(cluster.StatusOf(job).placement(0).worker(), "worker-2");
  one.Beat(*cluster);
  EXPECT_TRUE(one.ranks().empty()) << "the worker that comes back stops the old attempt";
}

TEST(Coordinator, KeepsAGangThroughItsOwnRestart) {
  TestCluster cluster;
  FakeAgent one("worker-1", 1);
  const std::string job = cluster.Submit(PretrainSpec("a"));
  Settle(cluster, {&one});
  cluster.Restart();
  cluster.clock.Advance(absl::Seconds(25));
  cluster.Tick();
  EXPECT_EQ(cluster.PhaseOf(job), v1::PHASE_RUNNING) << "the reattach window is open";
  EXPECT_TRUE(one.Exit(*cluster, one.ranks()[0], v1::FAILURE_CLASS_SUCCESS).ok()) << "it ended meanwhile";
  cluster.Tick();
  EXPECT_EQ(cluster.PhaseOf(job), v1::PHASE_SUCCEEDED);
  EXPECT_EQ(cluster.StatusOf(job).attempt(), 1);
  EXPECT_EQ(cluster->term(), 2);
}

TEST(Coordinator, CancelsARunningJobOnceItsRanksAreGone) {
  TestCluster cluster;
  FakeAgent one("worker-1", 1);
  const std::string job = cluster.Submit(PretrainSpec("a"));
  Settle(cluster, {&one});
  EXPECT_EQ(cluster.Cancel("a").value().status().phase(), v1::PHASE_STOPPING);
  cluster.Tick();
  EXPECT_EQ(cluster.PhaseOf(job), v1::PHASE_STOPPING) << "the slot is still in use";
  cluster.clock.Advance(absl::Seconds(1));
  Settle(cluster, {&one});
  cluster.clock.Advance(absl::Seconds(1));
  Settle(cluster, {&one});
  EXPECT_EQ(cluster.PhaseOf(job), v1::PHASE_CANCELLED);
  EXPECT_TRUE(cluster.Cancel("a").ok());
}

TEST(Coordinator, StartsAJobAfterTheOneItNames) {
  TestCluster cluster;
  FakeAgent one("worker-1", 1);
  const std::string first = cluster.Submit(PretrainSpec("a"));
  v1::JobSpec spec;
  spec.set_name("a-linear");
  spec.set_kind(v1::JOB_KIND_LINEAR_EVAL);
  spec.set_after("a");
  spec.mutable_data()->set_source("synthetic:train=64");
  spec.mutable_data()->set_test("synthetic:test=64");
  const std::string second = cluster.Submit(spec);
  EXPECT_EQ(cluster->GetJob(second).value().spec().after(), first) << "a name becomes an id";
  EXPECT_EQ(cluster.PhaseOf(second), v1::PHASE_BLOCKED);
  Settle(cluster, {&one});
  EXPECT_TRUE(one.Exit(*cluster, one.ranks()[0], v1::FAILURE_CLASS_SUCCESS).ok());
  Settle(cluster, {&one});
  EXPECT_EQ(cluster.PhaseOf(second), v1::PHASE_RUNNING);
}

TEST(Coordinator, CancelsAJobWhoseDependencyFailed) {
  TestCluster cluster;
  cluster.Submit(PretrainSpec("a"));
  v1::JobSpec spec;
  spec.set_name("b");
  spec.set_kind(v1::JOB_KIND_LINEAR_EVAL);
  spec.set_after("a");
  spec.mutable_data()->set_source("synthetic:train=64");
  spec.mutable_data()->set_test("synthetic:test=64");
  const std::string second = cluster.Submit(spec);
  ASSERT_TRUE(cluster.Cancel("a").ok());
  cluster.Tick();
  EXPECT_EQ(cluster.PhaseOf(second), v1::PHASE_CANCELLED);
  EXPECT_EQ(cluster.StatusOf(second).reason(), v1::REASON_DEPENDENCY_FAILED);
}

TEST(Coordinator, RetiresAllButTheNewestCheckpointsButNotTheOneInUse) {
  TestCluster cluster;
  FakeAgent one("worker-1", 1);
  const std::string job = cluster.Submit(PretrainSpec("a"));
  Settle(cluster, {&one});
  EXPECT_TRUE(one.Commit(*cluster, job, 1, 1).ok());
  EXPECT_TRUE(one.Exit(*cluster, one.ranks()[0], v1::FAILURE_CLASS_CRASH).ok());
  cluster.Tick();
  cluster.clock.Advance(absl::Seconds(6));
  Settle(cluster, {&one});
  const auto retired = [&] {
    std::vector<std::int64_t> steps;
    for (const v1::Checkpoint& row : cluster->GetRecord(job).value()->checkpoints()) {
      if (row.retired()) steps.push_back(row.step());
    }
    return steps;
  };
  EXPECT_TRUE(one.Commit(*cluster, job, 2, 2).ok());
  EXPECT_TRUE(one.Commit(*cluster, job, 2, 3).ok());
  EXPECT_THAT(retired(), ::testing::IsEmpty()) << "step 1 is what attempt 2 resumed from";
  EXPECT_TRUE(one.Commit(*cluster, job, 2, 4).ok());
  EXPECT_THAT(retired(), ::testing::ElementsAre(2));
}

TEST(Coordinator, HidesMetricsThatALaterAttemptUndid) {
  TestCluster cluster;
  FakeAgent one("worker-1", 1);
  const std::string job = cluster.Submit(PretrainSpec("a"));
  Settle(cluster, {&one});
  const auto push = [&](int attempt, std::vector<int> steps) {
    v1::PushMetricsRequest request;
    request.set_worker("worker-1");
    request.set_job_id(job);
    request.set_attempt(attempt);
    request.set_nonce(one.ranks()[0].nonce());
    for (int step : steps) request.add_samples()->set_step(step);
    ASSERT_TRUE(cluster->PushMetrics(request).ok());
  };
  push(1, {1, 2, 3, 4});
  EXPECT_TRUE(one.Commit(*cluster, job, 1, 2).ok());
  EXPECT_TRUE(one.Exit(*cluster, one.ranks()[0], v1::FAILURE_CLASS_CRASH).ok());
  cluster.Tick();
  cluster.clock.Advance(absl::Seconds(6));
  Settle(cluster, {&one});
  push(2, {3});
  const auto samples = cluster->ReadMetrics(job, 0).value();
  ASSERT_EQ(samples.size(), 3u);
  EXPECT_EQ(samples[2].step(), 3);
  EXPECT_EQ(samples[2].attempt(), 2);
}

TEST(Coordinator, ChangesNothingWhileTheJournalIsFull) {
  TestCluster cluster;
  FakeAgent one("worker-1", 1);
  const std::string job = cluster.Submit(PretrainSpec("a"));
  Settle(cluster, {&one});
  cluster.disk.failure = absl::ResourceExhaustedError("no space");
  EXPECT_TRUE(absl::IsResourceExhausted(cluster->Submit(SubmitRequest(PretrainSpec("b")), "ann").status()));
  EXPECT_FALSE(one.Exit(*cluster, one.ranks()[0], v1::FAILURE_CLASS_SUCCESS).ok());
  cluster.Tick();
  EXPECT_EQ(cluster.PhaseOf(job), v1::PHASE_RUNNING);
  cluster.disk.failure = absl::OkStatus();
  EXPECT_EQ(cluster->ListJobs({}).value().jobs_size(), 1);
}

TEST(Coordinator, RefusesAnAgentOfAnotherClusterOrOfANewerTerm) {
  TestCluster cluster;
  v1::Observed observed = WorkerReport("worker-1", 1, 1);
  observed.set_cluster_id("c-other");
  EXPECT_TRUE(absl::IsFailedPrecondition(Observe(*cluster, observed).status()));
  observed.set_cluster_id("c-test");
  observed.set_seen_term(9);
  EXPECT_TRUE(absl::IsFailedPrecondition(Observe(*cluster, observed).status()));
  EXPECT_EQ(cluster->revision(), 0);
}

}  // namespace
}  // namespace simclr::coordinator
