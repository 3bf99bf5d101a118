#include "coordinator/store/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "common/base/file_system.h"
#include "coordinator/store/sqlite_journal.h"
#include "tests/support/journaled_state.h"
#include "tests/support/temporary_directory.h"

namespace simclr::coordinator {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CheckTest : public ::testing::Test {
 protected:
  CheckTest() {
    const DataDirectory directory = DataDirectory::Open(paths_.directory, "c-one").value();
    const auto journal = SqliteJournal::Open(directory).value();
    JournaledState state(*journal);
    state.Register("w", 1);
    state.Submit("j-1", "a");
    state.WriteSnapshot();
    state.Place("j-1", "w", 0);
    state.EndAttempt("j-1", v1::PHASE_SUCCEEDED);
    state.Submit("j-2", "b");
  }

  void Execute(const std::string& sql) {
    ASSERT_TRUE(SqliteDb::Open(paths_.database).value().Execute(sql).ok());
  }
  std::vector<std::string> Findings() { return CheckDataDirectory(paths_).value().findings; }

  TemporaryDirectory temporary_;
  const DataPaths paths_{temporary_.path()};
};

TEST_F(CheckTest, SaysWhatIsThere) {
  const CheckReport report = CheckDataDirectory(paths_).value();
  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_THAT(report.facts, ElementsAre("cluster c-one, schema 2, term 1", "snapshot of revision 2",
                                        "2 events of before the oldest snapshot",
                                        "3 events after the oldest snapshot, up to revision 5",
                                        "1 open jobs, 1 ended jobs"));
}

TEST_F(CheckTest, WritesNothing) {
  const std::string before = PosixFileSystem().Read(paths_.database).value();
  ASSERT_TRUE(CheckDataDirectory(paths_).ok());
  EXPECT_EQ(PosixFileSystem().Read(paths_.database).value(), before);
}

TEST_F(CheckTest, FindsADamagedSnapshot) {
  ASSERT_TRUE(PosixFileSystem().Write(paths_.snapshots + "/2.snapshot", "simclr-snapshot 1").ok());
  EXPECT_THAT(Findings(), Contains(HasSubstr("2.snapshot is damaged")));
}

TEST_F(CheckTest, FindsAnEventThatDoesNotFit) {
  Execute("UPDATE events SET revision = 9 WHERE revision = 3");
  EXPECT_THAT(Findings(), Contains(HasSubstr("event 3")));
}

TEST_F(CheckTest, FindsOldEventsThatAreNone) {
  Execute("UPDATE events SET body = x'ff' WHERE revision = 1");
  EXPECT_THAT(Findings(), ElementsAre("event 1: it is no event"));
}

TEST_F(CheckTest, FindsEndedJobsThatCannotBeRead) {
  Execute("UPDATE ended_jobs SET record = x'ff'");
  EXPECT_THAT(Findings(), Contains(HasSubstr("ended jobs, rows 1 to 1")));
}

TEST_F(CheckTest, FindsAnIndexThatDoesNotFit) {
  Execute(
      "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = "
      "'CREATE INDEX ended_jobs_by_revision ON ended_jobs (kind)' WHERE name = 'ended_jobs_by_revision'");
  EXPECT_THAT(Findings(), Contains(HasSubstr("ended_jobs_by_revision")));
}

TEST(Check, SaysThatNothingCanBeRead) {
  TemporaryDirectory temporary;
  ASSERT_TRUE(PosixFileSystem().Write(temporary / "state.db", std::string(8192, 'x')).ok());
  const absl::Status status = CheckDataDirectory(DataPaths(temporary.path())).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("restore a backup"));
}

TEST(Check, SaysThatThereIsNothing) {
  TemporaryDirectory temporary;
  EXPECT_TRUE(absl::IsNotFound(CheckDataDirectory(DataPaths(temporary.path())).status()));
}

}  // namespace
}  // namespace simclr::coordinator
