#include "coordinator/collect/collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/test_cluster.h"

namespace simclr::coordinator {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class CollectorTest : public ::testing::Test, public CollectorObserver {
 protected:
  CollectorTest() {
    fs::create_directories(directory_ / "root");
    Start();
  }

  void Start(bool report_only = false) {
    collector_.reset();
    ended_ = std::make_unique<MemoryEndedJobs>(cluster_.disk);
    CollectorOptions options;
    options.report_only = report_only;
    collector_ = std::make_unique<Collector>(*cluster_, *ended_, cluster_.metrics, tree_, *this, options);
  }

  void OnCollected(std::int64_t directories, std::int64_t bytes) override { collected_ += directories; }
  void OnCollectFailed() override { ++failures_; }

  // A job whose only rank runs, and the nonce of its placement.
  std::string Running(std::string& nonce, int keep = 1) {
    v1::JobSpec spec = PretrainSpec("a");
    spec.mutable_checkpoint()->set_keep(keep);
    const std::string id = cluster_.Submit(spec);
    Settle();
    nonce = cluster_->GetRecord(id).value()->attempts().rbegin()->nonce();
    return id;
  }

  void Settle() {
    for (int i = 0; i < 6; ++i) {
      agent_.Beat(*cluster_);
      cluster_.Tick();
    }
  }

  std::string Save(const std::string& job, const std::string& nonce, std::int64_t step) {
    const std::string path = absl::StrCat(job, "/checkpoints/", AttemptName(1, nonce), "-s", step);
    Make(path);
    return path;
  }

  std::string Commit(const std::string& job, const std::string& nonce, std::int64_t step) {
    const std::string path = Save(job, nonce, step);
    EXPECT_TRUE(agent_.Commit(*cluster_, job, 1, step, path).ok());
    return path;
  }

  void End(v1::FailureClass failure = v1::FAILURE_CLASS_SUCCESS) {
    EXPECT_TRUE(agent_.Exit(*cluster_, agent_.ranks().at(0), failure).ok());
    Settle();
  }

  void Delete(const std::string& job) {
    v1::DeleteJobsRequest request;
    request.add_jobs(job);
    const auto anybody = [](const std::string&, const std::string&) { return absl::OkStatus(); };
    ASSERT_TRUE(cluster_->Delete(request, "ann", anybody).ok());
  }

  void Make(const std::string& path) {
    fs::create_directories(directory_ / ("root/" + path));
    std::ofstream(directory_ / ("root/" + path + "/model")) << "bytes";
  }
  bool IsThere(const std::string& path) const { return fs::exists(directory_ / ("root/" + path)); }

  void Run() {
    for (int i = 0; i < 3; ++i) collector_->RunOnce(cluster_.clock.Now(), cluster_.clock.Monotonic());
  }

  TemporaryDirectory directory_;
  ArtifactRoot tree_{directory_ / "root"};
  TestCluster cluster_;
  FakeAgent agent_{"worker-1", 1};
  std::unique_ptr<MemoryEndedJobs> ended_;
  std::unique_ptr<Collector> collector_;
  std::int64_t collected_ = 0;
  int failures_ = 0;
};

TEST_F(CollectorTest, RemovesRetiredCheckpointsOfAJobThatRuns) {
  std::string nonce;
  const std::string job = Running(nonce);
  const std::string first = Commit(job, nonce, 5);
  Run();
  EXPECT_TRUE(IsThere(first));
  const std::string second = Commit(job, nonce, 10);
  const std::string next = Save(job, nonce, 15);
  Run();
  EXPECT_FALSE(IsThere(first));
  EXPECT_TRUE(IsThere(second) && IsThere(next));
  EXPECT_EQ(collected_, 1);
  EXPECT_THAT(cluster_->ForCleanup(0).condemned, IsEmpty());
}

TEST_F(CollectorTest, KeepsOfAnEndedJobSoManyAsItAsksFor) {
  std::string nonce;
  const std::string job = Running(nonce, 2);
  std::vector<std::string> paths;
  for (int step : {1, 2, 3, 4}) paths.push_back(Commit(job, nonce, step));
  End();
  ASSERT_EQ(cluster_.PhaseOf(job), v1::PHASE_SUCCEEDED);
  Run();
  EXPECT_FALSE(IsThere(paths[0]) || IsThere(paths[1]));
  EXPECT_TRUE(IsThere(paths[2]) && IsThere(paths[3]));
}

TEST_F(CollectorTest, RemovesWhatWasNotCommittedAnHourAfterTheEnd) {
  std::string nonce;
  const std::string job = Running(nonce);
  const std::string saved = Save(job, nonce, 5);
  Make(saved + ".partial");
  Make(job + "/export");
  End();
  Run();
  EXPECT_TRUE(IsThere(saved));
  cluster_.clock.Advance(absl::Minutes(61));
  Run();
  EXPECT_FALSE(IsThere(saved) || IsThere(saved + ".partial"));
  EXPECT_TRUE(IsThere(job + "/export"));
}

TEST_F(CollectorTest, RemovesTheDirectoryOfADeletedJobAlsoWhatComesLater) {
  std::string nonce;
  const std::string job = Running(nonce);
  Commit(job, nonce, 5);
  End();
  Run();
  ASSERT_TRUE(cluster_.metrics.Append(job, 1, nonce, {v1::StepMetrics()}).ok());
  Delete(job);
  EXPECT_TRUE(IsThere(job));
  Run();
  EXPECT_FALSE(IsThere(job));
  EXPECT_THAT(cluster_.metrics.Read(job, -1).value(), IsEmpty());
  Make(job + "/logs");  // of a trainer that was thought dead
  cluster_.clock.Advance(absl::Hours(25));
  Run();
  EXPECT_FALSE(IsThere(job));
}

TEST_F(CollectorTest, DeletesMetricsThatAnEarlierProcessLeft) {
  std::string nonce;
  const std::string job = Running(nonce);
  End();
  ASSERT_TRUE(cluster_.metrics.Append(job, 1, nonce, {v1::StepMetrics()}).ok());
  Delete(job);
  cluster_.Restart();
  Start(/*report_only=*/true);
  Run();
  EXPECT_THAT(cluster_.metrics.Read(job, -1).value(), SizeIs(1));
  Start();
  Run();
  EXPECT_THAT(cluster_.metrics.Read(job, -1).value(), IsEmpty());
}

TEST_F(CollectorTest, FinishesWhatAnEarlierProcessBegan) {
  std::string nonce;
  const std::string job = Running(nonce);
  const std::string path = Commit(job, nonce, 5);
  Commit(job, nonce, 10);
  v1::Event event;
  event.mutable_files_condemned()->set_job_id(job);
  event.mutable_files_condemned()->add_paths(path);
  ASSERT_TRUE(cluster_->Append(event).ok());
  EXPECT_TRUE(absl::IsInternal(cluster_->Append(event))) << "condemned twice";
  ASSERT_TRUE(cluster_->Snapshot().ok());
  cluster_.Restart();
  Start();
  ASSERT_EQ(cluster_->ForCleanup(0).condemned.size(), 1u);
  Run();
  EXPECT_FALSE(IsThere(path));
  EXPECT_THAT(cluster_->ForCleanup(0).condemned, IsEmpty());
}

TEST_F(CollectorTest, LeavesWhatItDoesNotKnowAndSaysSo) {
  std::string nonce;
  const std::string job = Running(nonce);
  End();
  const std::vector<std::string> strange = {"j-0000000000ff-zzzz/checkpoints/a1-s5", "lost+found",
                                            job + "/checkpoints/a1-ffffffff-s5", job + "/checkpoints/mine"};
  for (const std::string& path : strange) Make(path);
  cluster_.clock.Advance(absl::Hours(25));
  Run();
  for (const std::string& path : strange) EXPECT_TRUE(IsThere(path)) << path;
  EXPECT_THAT(collector_->Unknown(), ElementsAre("j-0000000000ff-zzzz", job + "/checkpoints/a1-ffffffff-s5",
                                                 job + "/checkpoints/mine", "lost+found"));
  fs::remove_all(directory_ / "root/lost+found");
  fs::remove_all(directory_ / "root/j-0000000000ff-zzzz");
  fs::remove_all(directory_ / ("root/" + job + "/checkpoints"));
  Start();
  Run();
  EXPECT_EQ(collector_->unknown_count(), 0);
}

TEST_F(CollectorTest, OnlyReportsAfterARestore) {
  std::string nonce;
  const std::string job = Running(nonce);
  const std::string path = Commit(job, nonce, 5);
  Commit(job, nonce, 10);
  Make("lost+found");
  Start(/*report_only=*/true);
  Run();
  EXPECT_TRUE(IsThere(path));
  EXPECT_THAT(collector_->Unknown(), ElementsAre("lost+found"));
  Start();
  Run();
  EXPECT_FALSE(IsThere(path));
}

TEST_F(CollectorTest, TriesAgainWhatCouldNotBeRemoved) {
  std::string nonce;
  const std::string job = Running(nonce);
  const std::string path = Commit(job, nonce, 5);
  Commit(job, nonce, 10);
  std::string deep = path;
  for (int i = 0; i < 70; ++i) deep += "/d";
  fs::create_directories(directory_ / ("root/" + deep));
  Run();
  EXPECT_GT(failures_, 0);
  EXPECT_EQ(cluster_->ForCleanup(0).condemned.size(), 1u);
  // What cannot be removed holds up nothing else, and is not condemned again.
  const std::string next = Commit(job, nonce, 15);
  Commit(job, nonce, 20);
  Run();
  EXPECT_FALSE(IsThere(next));
  EXPECT_EQ(cluster_->ForCleanup(0).condemned.size(), 1u);
  fs::remove_all(directory_ / ("root/" + path + "/d"));
  cluster_.clock.JumpWall(-absl::Hours(30));
  cluster_.clock.Advance(absl::Minutes(2));
  Run();
  EXPECT_FALSE(IsThere(path));
  EXPECT_THAT(cluster_->ForCleanup(0).condemned, IsEmpty());
}

}  // namespace
}  // namespace simclr::coordinator
