#include "coordinator/store/repair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/file_system.h"
#include "coordinator/store/check.h"
#include "coordinator/store/sqlite_ended_jobs.h"
#include "coordinator/store/sqlite_journal.h"
#include "tests/support/golden_directory.h"
#include "tests/support/journaled_state.h"
#include "tests/support/loaded_state.h"
#include "tests/support/temporary_directory.h"

namespace simclr::coordinator {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(2'000'000'000);

class RepairTest : public ::testing::Test {
 protected:
  // Revision 1 is a worker; then jobs j-001, j-002, ... in turn are submitted, placed, succeed: three events
  // each. Snapshots of the revisions 31 and 61; the last job is placed and open.
  void Grow(int jobs) {
    DataDirectory directory = DataDirectory::Open(paths_.directory, "").value();
    const auto journal = SqliteJournal::Open(directory).value();
    term_ = directory.term();
    JournaledState state(*journal);
    state.Register("w", 1);
    for (int i = 1; i <= jobs; ++i) {
      const std::string id = Id(i);
      state.Submit(id, absl::StrCat("name", i));
      state.Place(id, "w", 0);
      if (i < jobs) state.EndAttempt(id, v1::PHASE_SUCCEEDED);
      if (i == 10 || i == 20) state.WriteSnapshot();
    }
    last_revision_ = state.state().revision();
  }

  static std::string Id(int number) { return absl::StrFormat("j-%03d", number); }

  void Execute(const std::string& sql) {
    SqliteDb db = SqliteDb::Open(paths_.database).value();
    const absl::Status status = db.Execute(sql);
    ASSERT_TRUE(status.ok()) << status;
  }

  // A coordinator that starts on the directory.
  void Start() {
    directory_.emplace(DataDirectory::Open(paths_.directory, "").value());
    journal_ = SqliteJournal::Open(*directory_).value();
    ended_ = SqliteEndedJobs::Open(*directory_).value();
    state_ = LoadState(*journal_);
  }

  TemporaryDirectory temporary_;
  const DataPaths paths_{temporary_.path()};
  std::int64_t term_ = 0, last_revision_ = 0;
  std::optional<DataDirectory> directory_;
  std::unique_ptr<SqliteJournal> journal_;
  std::unique_ptr<SqliteEndedJobs> ended_;
  ClusterState state_;
};

TEST_F(RepairTest, LeavesASoundDirectoryAlone) {
  Grow(25);
  EXPECT_THAT(CheckDataDirectory(paths_).value().findings, IsEmpty());
  const RepairReport report = RepairDataDirectory(paths_, {}, kNow).value();
  EXPECT_EQ(report.kept_as, "");
  Start();
  EXPECT_EQ(directory_->term(), term_ + 1);
}

TEST_F(RepairTest, TakesASkippedEventOutAndEndsItsJob) {
  Grow(25);
  const std::int64_t placed = 1 + 3 * 22 + 2;  // of job 23
  const RepairReport report = RepairDataDirectory(paths_, {placed}, kNow).value();
  EXPECT_TRUE(PosixFileSystem().Exists(report.kept_as));
  EXPECT_EQ(report.losses.size(), 2u);
  EXPECT_THAT(CheckDataDirectory(paths_).value().findings, IsEmpty());
  Start();
  EXPECT_EQ(directory_->term(), 2'000'000'001);
  EXPECT_THAT(directory_->restored(), HasSubstr("repaired at 2033"));
  EXPECT_EQ(state_.revision(), last_revision_);
  EXPECT_EQ(ended_->Find(Id(23)).value()->job().status().reason(), v1::REASON_REPAIRED);
  EXPECT_EQ(ended_->Find(Id(24)).value()->job().status().phase(), v1::PHASE_SUCCEEDED);
  EXPECT_NE(state_.FindJob(Id(25)), nullptr);
  EXPECT_EQ(ended_->List({}, {}).value().size(), 24u);
}

TEST_F(RepairTest, GoesBackToASnapshotOfBeforeTheSkippedEvent) {
  Grow(25);
  ASSERT_TRUE(RepairDataDirectory(paths_, {40}, kNow).ok());  // between the snapshots
  Start();
  EXPECT_EQ(state_.revision(), last_revision_);
  EXPECT_EQ(ended_->Find(Id(13)).value()->job().status().reason(), v1::REASON_REPAIRED);
  journal_.reset();
  ended_.reset();
  directory_.reset();
  EXPECT_THAT(CheckDataDirectory(paths_).value().findings, IsEmpty()) << "from the older snapshot, too";
}

TEST_F(RepairTest, RefusesToSkipWhatIsNotThere) {
  Grow(25);
  EXPECT_TRUE(absl::IsInvalidArgument(RepairDataDirectory(paths_, {1000}, kNow).status()));
}

TEST_F(RepairTest, GoesOnBehindEventsThatAreLost) {
  Grow(25);
  Execute("DELETE FROM events WHERE revision IN (65, 66, 67)");  // job 22: of its end only its row is left
  EXPECT_THAT(CheckDataDirectory(paths_).value().findings, Contains(HasSubstr("event 65")));
  const RepairReport report = RepairDataDirectory(paths_, {}, kNow).value();
  EXPECT_EQ(report.losses.size(), 3u);
  Start();
  EXPECT_EQ(ended_->Find(Id(22)).value()->job().status().phase(), v1::PHASE_SUCCEEDED);
  EXPECT_EQ(state_.revision(), last_revision_);
}

TEST_F(RepairTest, EndsAJobWhoseRowSaysThatItEnded) {
  Grow(25);
  Execute("DELETE FROM events WHERE revision = 67");  // the end of job 22, while job 23 has its slot
  Execute("UPDATE events SET body = x'ff' WHERE revision >= 69");
  ASSERT_TRUE(RepairDataDirectory(paths_, {}, kNow).ok());
  Start();
  EXPECT_EQ(ended_->Find(Id(22)).value()->job().status().phase(), v1::PHASE_SUCCEEDED);
  EXPECT_EQ(state_.FindJob(Id(22)), nullptr);
  EXPECT_EQ(ended_->Find(Id(23)).value()->job().status().phase(), v1::PHASE_SUCCEEDED);
}

TEST_F(RepairTest, KeepsWhatIsNotOnADamagedPage) {
  Grow(400);
  std::string bytes = PosixFileSystem().Read(paths_.database).value();
  // Every tenth page behind the first few, so that events, rows and indexes are hit.
  for (std::size_t page = 20; page * 4096 < bytes.size(); page += 10)
    bytes.replace(page * 4096, 4096, 4096, 'x');
  ASSERT_TRUE(PosixFileSystem().Write(paths_.database, bytes).ok());
  EXPECT_FALSE(CheckDataDirectory(paths_).value().findings.empty());
  const RepairReport report = RepairDataDirectory(paths_, {}, kNow).value();
  EXPECT_FALSE(report.losses.empty());
  EXPECT_THAT(CheckDataDirectory(paths_).value().findings, IsEmpty());
  Start();
  EXPECT_GT(ended_->List({}, {"", 1000, false}).value().size(), 200u);
}

TEST(RepairOfSchema1, GoesOnWithoutThePoisonedEvent) {
  GoldenDirectory golden("poisoned-34a7a51");
  const DataPaths paths(golden / "coordinator");
  const CheckReport before = CheckDataDirectory(paths).value();
  ASSERT_FALSE(before.findings.empty());
  EXPECT_THAT(before.findings.front(), HasSubstr("attempt_placed"));
  const RepairReport report = RepairDataDirectory(paths, {}, kNow).value();
  EXPECT_TRUE(PosixFileSystem().Exists(report.kept_as));
  const DataDirectory directory = DataDirectory::Open(paths.directory, "").value();
  const auto journal = SqliteJournal::Open(directory).value();
  const auto ended = SqliteEndedJobs::Open(directory).value();
  LoadState(*journal);
  const std::vector<JobPtr> jobs = ended->List({}, {}).value();
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(jobs[0]->job().status().reason(), v1::REASON_REPAIRED);
  EXPECT_THAT(CheckDataDirectory(paths).value().findings, IsEmpty());
}

}  // namespace
}  // namespace simclr::coordinator
