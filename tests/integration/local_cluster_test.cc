// Real coordinator, agents and simclrctl; trainers without an engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/base/file_system.h"
#include "tests/support/kill_scenarios.h"
#include "tests/support/listener.h"
#include "tests/support/local_cluster.h"

namespace simclr {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class LocalClusterTest : public ::testing::Test {
 protected:
  LocalClusterTest() : cluster_(SIMCLR_PROGRAMS, SIMCLR_FAKE_TRAINER) {
    ::setenv("FAKE_TRAINER", "steps=120 step_ms=50 checkpoint_every=10", 1);
  }

  LocalClusterUnderTest cluster_;
  const DisturbedJob job_{
      "name: tiny\n"
      "kind: pretrain\n"
      "resources: {ranks: 2}\n"
      "data: {source: \"synthetic:\", image_size: 32}\n"
      "train: {epochs: 1, global_batch: 64}\n",
      /*total_steps=*/120};
};

TEST_F(LocalClusterTest, ComesUpIsSeenAndGoesDown) {
  const auto up = cluster_.Up();
  ASSERT_EQ(up.code, 0) << up.err;
  const json status = cluster_.Status();
  EXPECT_TRUE(IsRunning(status["coordinator"]["pid"]));
  ASSERT_EQ(status["workers"].size(), 2u);
  EXPECT_EQ(status["workers"][1]["name"], "worker-2");
  EXPECT_TRUE(IsRunning(status["workers"][1]["pid"]));
  EXPECT_THAT(cluster_.Ctl({"get", "workers"}).out, HasSubstr("worker-2"));

  struct stat secret {};
  for (const char* name : {"/token", "/pki/ca.key", "/pki/worker-1.key"}) {
    ASSERT_EQ(::stat((cluster_.directory() + name).c_str(), &secret), 0) << name;
    EXPECT_EQ(secret.st_mode & 0777, 0600u) << name;
  }
  EXPECT_EQ(cluster_.Down().code, 0);
  EXPECT_FALSE(IsRunning(status["coordinator"]["pid"]));
  EXPECT_FALSE(IsRunning(status["workers"][0]["pid"]));
  EXPECT_EQ(cluster_.Status()["coordinator"]["pid"], 0);
  EXPECT_EQ(cluster_.Down().code, 0);
}

TEST_F(LocalClusterTest, StartsWhatIsMissingAndKeepsItsAddress) {
  ASSERT_EQ(cluster_.Up().code, 0);
  const json before = cluster_.Status();
  const pid_t worker = before["workers"][0]["pid"];
  ASSERT_EQ(::kill(worker, SIGKILL), 0);
  ASSERT_TRUE(cluster_.Await([&] { return !IsRunning(worker); }, absl::Seconds(10)));
  ASSERT_EQ(cluster_.Up().code, 0);
  const json after = cluster_.Status();
  EXPECT_EQ(after["coordinator"], before["coordinator"]);
  EXPECT_EQ(after["workers"][1], before["workers"][1]);
  EXPECT_NE(after["workers"][0]["pid"], before["workers"][0]["pid"]);
  ASSERT_EQ(cluster_.Down().code, 0);
  ASSERT_EQ(cluster_.Up().code, 0);
  EXPECT_EQ(cluster_.Status()["coordinator"]["address"], before["coordinator"]["address"]);
}

TEST_F(LocalClusterTest, MovesToAnotherPortWhereItsOwnWasTakenMeanwhile) {
  ASSERT_EQ(cluster_.Up().code, 0);
  const json before = cluster_.Status();
  const std::string address = before["coordinator"]["address"];
  const pid_t coordinator = before["coordinator"]["pid"];
  ASSERT_EQ(::kill(coordinator, SIGKILL), 0);
  ASSERT_TRUE(cluster_.Await([&] { return !IsRunning(coordinator); }, absl::Seconds(10)));
  const Listener taker(address);
  const auto up = cluster_.Up();
  ASSERT_EQ(up.code, 0) << up.err << cluster_.Logs();
  EXPECT_THAT(up.err, HasSubstr(address + " is taken by another process"));
  EXPECT_NE(cluster_.Status()["coordinator"]["address"], address);
  EXPECT_THAT(cluster_.Ctl({"get", "workers"}).out, HasSubstr("worker-2"));
}

TEST_F(LocalClusterTest, RunsAJobToItsEndAndKeepsItsLogs) {
  ASSERT_EQ(cluster_.Up().code, 0);
  const std::string id = cluster_.Submit(job_.file);
  const auto waited = cluster_.Ctl({"wait", id, "--timeout", "60s"});
  EXPECT_EQ(waited.code, 0) << waited.err;
  EXPECT_EQ(cluster_.Job(id)["status"]["step"], 120);
  EXPECT_THAT(cluster_.Ctl({"logs", id, "--rank", "1"}).out, HasSubstr("step 120 of 120"));
  EXPECT_THAT(cluster_.Ctl({"metrics", id, "-o", "csv"}).out, HasSubstr("loss"));
}

TEST_F(LocalClusterTest, RefusesTheDatabaseOfAnotherCluster) {
  ASSERT_TRUE(PosixFileSystem().MakeDirectories(cluster_.directory() + "/coordinator").ok());
  ASSERT_TRUE(PosixFileSystem().Write(cluster_.directory() + "/coordinator/state.db", "other").ok());
  const auto up = cluster_.Up();
  EXPECT_NE(up.code, 0);
  EXPECT_THAT(up.err, HasSubstr("belongs to another cluster"));
}

TEST_F(LocalClusterTest, AcceptsADirectoryWithOtherFilesButNoFileInItsPlace) {
  ASSERT_TRUE(PosixFileSystem().MakeDirectories(cluster_.directory()).ok());
  ASSERT_TRUE(PosixFileSystem().Write(cluster_.directory() + "/notes.txt", "mine").ok());
  EXPECT_EQ(cluster_.Up().code, 0);
  ASSERT_TRUE(PosixFileSystem().Write(cluster_.temporary() / "file", "").ok());
  const auto up = cluster_.Ctl({"local", "up", "--dir", cluster_.temporary() / "file"});
  EXPECT_NE(up.code, 0);
  EXPECT_THAT(up.err, HasSubstr("file"));
}

TEST_F(LocalClusterTest, ShowsTheLogOfAProcessThatDoesNotStart) {
  ASSERT_EQ(cluster_.Up().code, 0);
  const json before = cluster_.Status();
  ASSERT_EQ(cluster_.Down().code, 0);
  ASSERT_TRUE(PosixFileSystem().Write(cluster_.directory() + "/coordinator/state.db", "no database").ok());
  const auto up = cluster_.Up();
  EXPECT_NE(up.code, 0);
  EXPECT_THAT(up.err, HasSubstr("last lines of"));
}

TEST_F(LocalClusterTest, SurvivesAKilledTrainer) {
  KilledTrainerIsReplaced(cluster_, job_);
}
TEST_F(LocalClusterTest, SurvivesAKilledAgent) {
  KilledAgentIsReplaced(cluster_, job_);
}
TEST_F(LocalClusterTest, SurvivesAKilledCoordinator) {
  KilledCoordinatorIsNotMissed(cluster_, job_);
}
TEST_F(LocalClusterTest, FinishesAJobThatEndsWhileTheCoordinatorIsAway) {
  JobEndsWhileTheCoordinatorIsAway(cluster_, job_);
}

}  // namespace
}  // namespace simclr
