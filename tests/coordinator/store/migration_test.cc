#include "coordinator/store/migration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "common/job/render.h"
#include "coordinator/state/job_record.h"
#include "coordinator/store/check.h"
#include "coordinator/store/sqlite_ended_jobs.h"
#include "coordinator/store/sqlite_journal.h"
#include "coordinator/store/sqlite_step_metrics.h"
#include "tests/support/golden_directory.h"
#include "tests/support/loaded_state.h"

namespace simclr::coordinator {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A text that the listing holds by its length and digest alone.
bool IsLongText(const json& expected) {
  return expected.is_object() && expected.contains("characters") && expected.contains("sha256");
}

// That `actual` says everything that `expected` does; it may say more.
void ExpectCovers(const json& expected, const json& actual, const std::string& path) {
  if (IsLongText(expected)) {
    EXPECT_THAT(actual.get<std::string>(), HasSubstr("bytes more)")) << path;
    EXPECT_LE(actual.get<std::string>().size(), 4096u) << path;
  } else if (expected.is_object()) {
    for (const auto& [key, value] : expected.items()) {
      ASSERT_TRUE(actual.contains(key)) << path << "/" << key;
      ExpectCovers(value, actual[key], path + "/" + key);
    }
  } else if (expected.is_array()) {
    ASSERT_EQ(expected.size(), actual.size()) << path;
    for (std::size_t i = 0; i < expected.size(); ++i)
      ExpectCovers(expected[i], actual[i], absl::StrCat(path, "/", i));
  } else {
    EXPECT_EQ(expected, actual) << path;
  }
}

class GoldenMigrationTest : public ::testing::Test {
 protected:
  GoldenMigrationTest() { std::ifstream(SIMCLR_GOLDEN_DIR "/data-34a7a51.json") >> listing_; }

  JobPtr Find(const std::string& id) {
    const JobPtr open = state_.FindJob(id);
    return open != nullptr ? open : ended_->Find(id).value();
  }

  std::string IdOf(const std::string& name) const {
    for (const json& job : listing_["jobs"]) {
      if (job["spec"]["name"] == name) return job["id"];
    }
    return "";
  }

  GoldenDirectory golden_{"data-34a7a51"};
  json listing_;
  DataDirectory directory_ = DataDirectory::Open(golden_ / "coordinator", "").value();
  std::unique_ptr<SqliteJournal> journal_ = SqliteJournal::Open(directory_).value();
  std::unique_ptr<SqliteEndedJobs> ended_ = SqliteEndedJobs::Open(directory_).value();
  ClusterState state_ = LoadState(*journal_);
};

TEST_F(GoldenMigrationTest, KeepsEveryJobThatDidNotRun) {
  for (const json& job : listing_["jobs"]) {
    const std::string name = job["spec"]["name"];
    const JobPtr record = Find(job["id"]);
    ASSERT_NE(record, nullptr) << name;
    if (name != "running") ExpectCovers(job, json::parse(ToJson(PublicJob(*record))), name);
  }
  EXPECT_EQ(state_.jobs().size(), 5u);
  EXPECT_EQ(ended_->List({}, {}).value().size(), 7u);
}

TEST_F(GoldenMigrationTest, QueuesTheRunningJobAgainWithItsCheckpoints) {
  const JobPtr record = Find(IdOf("running"));
  const v1::JobStatus& status = record->job().status();
  EXPECT_EQ(status.phase(), v1::PHASE_QUEUED);
  EXPECT_EQ(status.restarts(), 0) << "it is not counted";
  ASSERT_EQ(record->attempts_size(), 1);
  EXPECT_EQ(record->attempts(0).summary().ended_by(), v1::FAILURE_CLASS_WORKER_LOST);
  EXPECT_EQ(LiveAttempt(*record), nullptr);
  EXPECT_FALSE(UsableCheckpoints(*record).empty());
  EXPECT_TRUE(state_.allocations().empty());
  for (const json& job : listing_["jobs"]) {
    if (job["spec"]["name"] == "running")
      ExpectCovers(job["spec"], json::parse(ToJson(record->job()))["spec"], "spec");
  }
}

TEST_F(GoldenMigrationTest, KeepsCheckpoints) {
  for (const auto& [name, checkpoints] : listing_["checkpoints"].items()) {
    json actual = json::array();
    const JobPtr record = Find(IdOf(name));
    for (const v1::Checkpoint& checkpoint : record->checkpoints())
      actual.push_back(json::parse(ToJson(checkpoint)));
    ExpectCovers(checkpoints, actual, name);
  }
}

TEST_F(GoldenMigrationTest, KeepsWorkersWithoutTheirIncarnations) {
  for (const json& worker : listing_["workers"]) {
    const WorkerPtr record = state_.FindWorker(worker["name"]);
    ASSERT_NE(record, nullptr);
    EXPECT_EQ(record->worker().incarnation(), 0u);
    EXPECT_EQ(record->worker().slots_size(), 1);
  }
}

TEST_F(GoldenMigrationTest, MovesMeasuredStepsIntoTheirOwnFile) {
  const auto metrics = SqliteStepMetrics::Open(directory_.metrics_path()).value();
  for (const auto& [name, rows] : listing_["metric_rows"].items()) {
    std::set<std::int64_t> steps;  // one that two attempts took is listed once
    const std::vector<v1::StepMetrics> samples = metrics->Read(IdOf(name), 0).value();
    for (const v1::StepMetrics& sample : samples) steps.insert(sample.step());
    EXPECT_EQ(steps.size(), rows.get<std::size_t>()) << name;
  }
}

TEST_F(GoldenMigrationTest, RemembersRequestIds) {
  for (const auto& [request, job] : listing_["request_ids"].items()) {
    const auto found = journal_->FindRequest("local", "SubmitJob", request).value();
    ASSERT_TRUE(found.has_value()) << request;
    EXPECT_EQ(found->job_id, job);
  }
}

TEST_F(GoldenMigrationTest, KeepsTheOldDatabaseAndIsSoundAfterwards) {
  EXPECT_TRUE(PosixFileSystem().Exists(golden_ / "coordinator/state.db.before-2"));
  const CheckReport report = CheckDataDirectory(DataPaths(directory_.path())).value();
  EXPECT_THAT(report.findings, IsEmpty());
}

TEST_F(GoldenMigrationTest, ConvertsOnce) {
  const std::string before = state_.Serialize();
  ASSERT_TRUE(Migrate(DataPaths(directory_.path()), absl::FromUnixSeconds(0)).ok());
  EXPECT_EQ(LoadState(*SqliteJournal::Open(directory_).value()).Serialize(), before);
}

TEST(Migration, BeginsAgainAfterACrash) {
  GoldenDirectory golden("data-34a7a51");
  const DataPaths paths(golden / "coordinator");
  FileSystem& files = PosixFileSystem();
  // What a conversion leaves that is cut off before its last step.
  ASSERT_TRUE(files.MakeDirectories(paths.snapshots).ok());
  ASSERT_TRUE(files.Write(paths.snapshots + "/99999.snapshot", "torn").ok());
  ASSERT_TRUE(files.Write(paths.database + ".new", "torn").ok());
  ASSERT_TRUE(files.Write(paths.database + ".before-2", "torn").ok());
  ASSERT_TRUE(files.Write(paths.metrics, "torn").ok());
  ASSERT_TRUE(Migrate(paths, absl::FromUnixSeconds(0)).ok());
  EXPECT_THAT(CheckDataDirectory(paths).value().findings, IsEmpty());
  EXPECT_FALSE(files.Exists(paths.database + ".new"));
  EXPECT_FALSE(files.Exists(paths.metrics + ".damaged-1"));
}

TEST(Migration, StopsAtAnEventThatDoesNotFit) {
  GoldenDirectory golden("poisoned-34a7a51");
  const absl::Status status = DataDirectory::Open(golden / "coordinator", "").status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("attempt_placed"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("slot 0 of worker"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("--skip"));
}

}  // namespace
}  // namespace simclr::coordinator
