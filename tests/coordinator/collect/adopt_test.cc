#include "coordinator/collect/adopt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/ids.h"
#include "coordinator/collect/found_checkpoint.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/test_cluster.h"

namespace simclr::coordinator {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kLostNonce[] = "5555555555555555";  // of a placement that the copy does not know

// A job that committed step 5 in its attempt 1, which runs.
class AdoptTest : public ::testing::Test {
 protected:
  AdoptTest() {
    v1::JobSpec spec = PretrainSpec("a");
    spec.mutable_checkpoint()->set_keep(2);
    job_ = cluster_.Submit(spec);
    for (int i = 0; i < 6; ++i) {
      agent_.Beat(*cluster_);
      cluster_.Tick();
    }
    const JobPtr record = cluster_->GetRecord(job_).value();
    nonce_ = record->attempts(0).nonce();
    EXPECT_TRUE(agent_.Commit(*cluster_, job_, 1, 5, Path(1, nonce_, 5)).ok());
    fs::create_directories(directory_ / "root");
  }

  std::string Path(int attempt, const std::string& nonce, std::int64_t step) const {
    return absl::StrCat(job_, "/checkpoints/", AttemptName(attempt, nonce), "-s", step);
  }

  // As a trainer writes it, with `manifest` in place of the right one where it is given.
  std::string Save(int attempt, const std::string& nonce, std::int64_t step,
                   const std::string& manifest = "") {
    const std::string path = Path(attempt, nonce, step);
    fs::create_directories(directory_ / ("root/" + path));
    Write(path + "/model.safetensors", "weights");
    Write(path + "/manifest.json", manifest.empty() ? Manifest(attempt, nonce, step) : manifest);
    return path;
  }

  std::string Manifest(int attempt, const std::string& nonce, std::int64_t step, int bytes = 7,
                       const std::string& file = "model.safetensors") {
    const std::string hash = cluster_->GetRecord(job_).value()->spec_hash();
    return absl::StrCat("{\"format_version\": 1, \"step\": ", step, ", \"attempt\": ", attempt,
                        ", \"nonce\": \"", nonce, "\", \"spec_hash\": \"", hash,
                        "\", \"files\": [{\"name\": \"", file, "\", \"bytes\": ", bytes,
                        ", \"sha256\": \"00\"}]}");
  }

  void Write(const std::string& path, const std::string& bytes) {
    std::ofstream(directory_ / ("root/" + path)) << bytes;
  }

  std::vector<std::string> Run(const AdoptOptions& options = {}) {
    return Adopt(*cluster_, tree_, options, cluster_.clock.Now()).value();
  }

  std::vector<std::int64_t> Steps() {
    std::vector<std::int64_t> steps;
    for (const v1::Checkpoint& row : cluster_->GetRecord(job_).value()->checkpoints())
      steps.push_back(row.step());
    return steps;
  }

  TemporaryDirectory directory_;
  ArtifactRoot tree_{directory_ / "root"};
  TestCluster cluster_;
  FakeAgent agent_{"worker-1", 1};
  std::string job_, nonce_;
};

TEST_F(AdoptTest, CommitsWhatIsNewerAndVerifies) {
  Save(1, nonce_, 5);
  const std::string later = Save(1, nonce_, 10), lost = Save(3, kLostNonce, 15);
  EXPECT_THAT(Run(), ElementsAre("adopted: " + later + ", step 10", "adopted: " + lost + ", step 15"));
  EXPECT_THAT(Run(), IsEmpty()) << "once";
  cluster_.Restart();
  EXPECT_THAT(Steps(), ElementsAre(5, 10, 15));
  const v1::Checkpoint row = *cluster_->GetRecord(job_).value()->checkpoints().rbegin();
  EXPECT_EQ(row.nonce(), kLostNonce);
  EXPECT_EQ(row.digest().size(), 64u);
  EXPECT_GT(row.bytes(), 7);
}

TEST_F(AdoptTest, LetsTheNextAttemptResumeFromThereAndCommitTheSameStepsAgain) {
  Save(2, kLostNonce, 15);
  Run();
  EXPECT_TRUE(agent_.Exit(*cluster_, agent_.ranks().at(0), v1::FAILURE_CLASS_WORKER_LOST).ok());
  for (int i = 0; i < 8; ++i) {
    agent_.Beat(*cluster_);
    cluster_.Tick();
    cluster_.clock.Advance(absl::Minutes(1));
  }
  const JobPtr record = cluster_->GetRecord(job_).value();
  ASSERT_EQ(record->attempts_size(), 2);
  ASSERT_EQ(record->attempts(1).resume_size(), 2);
  EXPECT_EQ(record->attempts(1).resume(0).nonce(), kLostNonce);
  // It was damaged, and the trainer fell back to the one before.
  EXPECT_TRUE(agent_.Commit(*cluster_, job_, 2, 15, Path(2, record->attempts(1).nonce(), 15)).ok());
  EXPECT_EQ(cluster_->GetRecord(job_).value()->checkpoints().rbegin()->nonce(), record->attempts(1).nonce());
}

TEST_F(AdoptTest, AdoptsNoMoreThanAJobKeeps) {
  for (int step : {10, 15, 20, 25}) Save(1, nonce_, step);
  EXPECT_EQ(Run().size(), 2u);
  EXPECT_THAT(Steps(), ElementsAre(5, 20, 25));
}

TEST_F(AdoptTest, LeavesWhatIsNotSoundAlone) {
  Save(1, nonce_, 10, "{");
  Save(1, nonce_, 11, Manifest(1, nonce_, 12));
  Save(1, nonce_, 13, Manifest(1, nonce_, 13, 8));
  Save(1, nonce_, 14, Manifest(1, nonce_, 14, 7, "../a1-s5/model.safetensors"));
  Save(1, nonce_, 15, Manifest(1, nonce_, 15, 7, "gone"));
  const std::string other = Save(1, nonce_, 16);
  Write(other + "/manifest.json", "{\"format_version\": 1, \"step\": 16, \"attempt\": 1, \"nonce\": \"" +
                                      nonce_ + "\", \"spec_hash\": \"other\", \"files\": []}");
  fs::create_directories(directory_ / ("root/" + Path(1, nonce_, 17) + ".partial"));
  fs::create_directories(directory_ / ("root/" + Path(1, nonce_, 18)));
  const std::vector<std::string> lines = Run();
  EXPECT_EQ(lines.size(), 8u);
  for (const std::string& line : lines) EXPECT_THAT(line, HasSubstr("left alone: "));
  EXPECT_THAT(Steps(), ElementsAre(5));
}

TEST_F(AdoptTest, GivesUpWhereItIsTold) {
  const std::string path = Save(1, nonce_, 10);
  AdoptOptions options;
  options.give_up = true;
  EXPECT_THAT(Run(options), ElementsAre("given up: " + path + ", step 10"));
  EXPECT_THAT(Steps(), ElementsAre(5));
}

TEST_F(AdoptTest, TakesTheJobsThatAreNamed) {
  Save(1, nonce_, 10);
  const std::string ended = cluster_.Submit(PretrainSpec("b"));
  ASSERT_TRUE(cluster_.Cancel(ended).ok());
  AdoptOptions options;
  options.jobs = {"a"};
  EXPECT_EQ(Run(options).size(), 1u);
  options.jobs = {ended};
  EXPECT_TRUE(absl::IsFailedPrecondition(Adopt(*cluster_, tree_, options, absl::Now()).status()));
  options.jobs = {"none"};
  EXPECT_TRUE(absl::IsNotFound(Adopt(*cluster_, tree_, options, absl::Now()).status()));
}

}  // namespace
}  // namespace simclr::coordinator
