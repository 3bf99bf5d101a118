#include "tests/support/kill_scenarios.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>

namespace simclr {
namespace {

using nlohmann::json;

bool HasEnded(const json& status) {
  const std::string phase = status["phase"];
  return phase == "SUCCEEDED" || phase == "FAILED" || phase == "CANCELLED";
}

// Runs the job until it has a committed checkpoint and the next one is not there yet.
std::string RunPastACheckpoint(LocalClusterUnderTest& cluster, const DisturbedJob& job) {
  const auto up = cluster.Up();
  EXPECT_EQ(up.code, 0) << up.err;
  const std::string id = cluster.Submit(job.file);
  EXPECT_TRUE(cluster.Await([&] { return cluster.Checkpoints(id) >= 1; }, job.limit));
  const int step = cluster.Job(id)["status"]["step"];
  cluster.AwaitJob(
      id, [&](const json& status) { return status["step"] > step; }, job.limit);
  return id;
}

void ExpectSuccess(LocalClusterUnderTest& cluster, const DisturbedJob& job, const std::string& id,
                   int attempt) {
  const json status = cluster.AwaitJob(id, HasEnded, job.limit)["status"];
  EXPECT_EQ(status["phase"], "SUCCEEDED") << status.dump(2);
  EXPECT_EQ(status["attempt"], attempt);
  EXPECT_EQ(status["step"], job.total_steps);
  EXPECT_EQ(status["total_steps"], job.total_steps);
  if (attempt > 1) {
    EXPECT_GT(status["resumed_from_step"], 0);
  }
}

void ExpectNothingLeft(LocalClusterUnderTest& cluster, std::vector<pid_t> pids) {
  const json status = cluster.Status();
  pids.push_back(status["coordinator"]["pid"]);
  for (const json& worker : status["workers"]) pids.push_back(worker["pid"]);
  const auto down = cluster.Down();
  EXPECT_EQ(down.code, 0) << down.err;
  for (const pid_t pid : pids) EXPECT_FALSE(pid > 0 && IsRunning(pid)) << "process " << pid << " is left";
  EXPECT_TRUE(cluster.TrainerPids().empty());
}

}  // namespace

void KilledTrainerIsReplaced(LocalClusterUnderTest& cluster, const DisturbedJob& job) {
  const std::string id = RunPastACheckpoint(cluster, job);
  const std::vector<pid_t> trainers = cluster.TrainerPids();
  ASSERT_EQ(trainers.size(), 2u);
  ASSERT_EQ(::kill(trainers[1], SIGKILL), 0);
  ExpectSuccess(cluster, job, id, /*attempt=*/2);
  for (const pid_t pid : trainers) EXPECT_FALSE(IsRunning(pid));
  ExpectNothingLeft(cluster, trainers);
}

void KilledAgentIsReplaced(LocalClusterUnderTest& cluster, const DisturbedJob& job) {
  const std::string id = RunPastACheckpoint(cluster, job);
  const std::vector<pid_t> trainers = cluster.TrainerPids();
  ASSERT_EQ(trainers.size(), 2u);
  const pid_t agent = cluster.Status()["workers"][1]["pid"];
  ASSERT_EQ(::kill(agent, SIGKILL), 0);
  // Its trainer dies with it, not by anybody's hand.
  EXPECT_TRUE(cluster.Await([&] { return !IsRunning(trainers[1]); }, absl::Seconds(10)));
  const auto up = cluster.Up();
  EXPECT_EQ(up.code, 0) << up.err;
  ExpectSuccess(cluster, job, id, /*attempt=*/2);
  ExpectNothingLeft(cluster, trainers);
}

void KilledCoordinatorIsNotMissed(LocalClusterUnderTest& cluster, const DisturbedJob& job) {
  const std::string id = RunPastACheckpoint(cluster, job);
  const std::vector<pid_t> before = cluster.TrainerPids();
  ASSERT_EQ(before.size(), 2u);
  const pid_t coordinator = cluster.Status()["coordinator"]["pid"];
  ASSERT_EQ(::kill(coordinator, SIGKILL), 0);
  EXPECT_TRUE(cluster.Await([&] { return !IsRunning(coordinator); }, absl::Seconds(10)));
  const auto up = cluster.Up();
  EXPECT_EQ(up.code, 0) << up.err;
  // Nothing was started again. On a slow machine the job may have ended meanwhile, so fewer may be left.
  for (const pid_t pid : cluster.TrainerPids()) EXPECT_THAT(before, ::testing::Contains(pid));
  ExpectSuccess(cluster, job, id, /*attempt=*/1);
  ExpectNothingLeft(cluster, before);
}

void JobEndsWhileTheCoordinatorIsAway(LocalClusterUnderTest& cluster, const DisturbedJob& job) {
  const std::string id = RunPastACheckpoint(cluster, job);
  const std::vector<pid_t> before = cluster.TrainerPids();
  ASSERT_EQ(before.size(), 2u);
  const pid_t coordinator = cluster.Status()["coordinator"]["pid"];
  ASSERT_EQ(::kill(coordinator, SIGKILL), 0);
  EXPECT_TRUE(cluster.Await(
      [&] { return std::none_of(before.begin(), before.end(), [](pid_t pid) { return IsRunning(pid); }); },
      job.limit));
  EXPECT_EQ(cluster.Status()["coordinator"]["pid"], 0);
  const auto up = cluster.Up();
  EXPECT_EQ(up.code, 0) << up.err;
  ExpectSuccess(cluster, job, id, /*attempt=*/1);
  ExpectNothingLeft(cluster, before);
}

}  // namespace simclr
