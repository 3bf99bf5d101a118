#include "coordinator/file_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "coordinator/store/data_directory.h"
#include "coordinator/store/meta.h"
#include "coordinator/store/sqlite_journal.h"
#include "tests/support/journaled_state.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/test_events.h"

namespace simclr::coordinator {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr char kOpen[] = "j-000000000001-aaaa";
constexpr char kEnded[] = "j-000000000002-aaaa";
constexpr char kDeleted[] = "j-000000000003-aaaa";
constexpr char kNonce[] = "5555555555555555";
constexpr char kManifest[] =
    R"({"format_version": 1, "step": 10, "attempt": 1, "nonce": "5555555555555555", "spec_hash": "",)"
    R"( "files": [{"name": "model", "bytes": 5, "sha256": "00"}]})";

// A database that went back in time, with an open, an ended and a deleted job, and its artifact root.
class FileCommandsTest : public ::testing::Test {
 protected:
  FileCommandsTest() {
    {
      const DataDirectory directory = DataDirectory::Open(paths_.directory, "").value();
      const auto journal = SqliteJournal::Open(directory).value();
      JournaledState state(*journal);
      for (const char* id : {kOpen, kEnded, kDeleted}) state.Submit(id, absl::StrCat("name-of-", id));
      for (const char* id : {kEnded, kDeleted}) state.Add(JobEndedEvent(id, v1::PHASE_CANCELLED));
      state.Add(JobDeletedEvent(kDeleted, v1::PHASE_CANCELLED));
      SqliteDb db = SqliteDb::Open(paths_.database).value();
      EXPECT_TRUE(MarkRestored(db, "restored", absl::FromUnixSeconds(0)).ok());
    }
    fs::create_directories(root_);
  }

  // A finished checkpoint of step 10, which the database does not know.
  std::string Save() {
    const std::string path = absl::StrCat(kOpen, "/checkpoints/", AttemptName(1, kNonce), "-s10");
    fs::create_directories(root_ + "/" + path);
    std::ofstream(root_ + "/" + path + "/model") << "bytes";
    std::ofstream(root_ + "/" + path + "/manifest.json") << kManifest;
    return path;
  }

  std::string Adopt(const AdoptOptions& options = {}) {
    std::ostringstream out;
    const absl::Status adopted = AdoptCommand(paths_.directory, root_, options, out);
    EXPECT_TRUE(adopted.ok()) << adopted;
    return out.str();
  }
  std::string Collect() {
    std::ostringstream out;
    const absl::Status listed = CollectCommand(paths_.directory, root_, out);
    EXPECT_TRUE(listed.ok()) << listed;
    return out.str();
  }
  bool IsMarked() { return !DataDirectory::Open(paths_.directory, "").value().restored().empty(); }

  TemporaryDirectory temporary_;
  const DataPaths paths_{temporary_ / "data"};
  const std::string root_ = temporary_ / "root";
};

TEST_F(FileCommandsTest, AdoptCommitsWhatIsNewerOnceAndLetsTheCollectorGoOn) {
  const std::string path = Save();
  EXPECT_EQ(Adopt(), absl::StrCat("adopted: ", path, ", step 10\nthe collector removes files again\n"));
  EXPECT_FALSE(IsMarked());
  EXPECT_EQ(Adopt(), "nothing on disk is newer than the database\nthe collector removes files again\n");
}

TEST_F(FileCommandsTest, AdoptOfSomeJobsKeepsTheCollectorFromRemovingAnything) {
  Save();
  EXPECT_THAT(Adopt({{kOpen}, false}), HasSubstr("the collector still removes nothing"));
  EXPECT_TRUE(IsMarked());
}

TEST_F(FileCommandsTest, AdoptOfNoneGivesUpWhatIsThere) {
  const std::string path = Save();
  EXPECT_EQ(Adopt({{}, true}),
            absl::StrCat("given up: ", path, ", step 10\nthe collector removes files again\n"));
  EXPECT_FALSE(IsMarked());
  EXPECT_THAT(Adopt({{}, true}), HasSubstr("given up: " + path)) << "the database still does not know it";
}

TEST_F(FileCommandsTest, AdoptChangesNothingWhereAJobIsNotThere) {
  Save();
  std::ostringstream out;
  EXPECT_TRUE(absl::IsNotFound(AdoptCommand(paths_.directory, root_, {{"nobody"}, false}, out)));
  EXPECT_EQ(out.str(), "");
  EXPECT_TRUE(IsMarked());
}

TEST_F(FileCommandsTest, AdoptRefusesTheDirectoryOfARunningCoordinator) {
  const DataDirectory directory = DataDirectory::Open(paths_.directory, "").value();
  std::ostringstream out;
  EXPECT_TRUE(absl::IsFailedPrecondition(AdoptCommand(paths_.directory, root_, {}, out)));
}

TEST_F(FileCommandsTest, CollectListsWhatACollectorWouldRemove) {
  for (const std::string& name : {std::string(kOpen) + "/logs", std::string(kEnded) + "/logs",
                                  std::string(kDeleted) + "/logs", std::string("lost\x1b[2J+found")}) {
    fs::create_directories(root_ + "/" + name);
  }
  EXPECT_EQ(Collect(),
            absl::StrCat("remove   ", kDeleted, "\nunknown  lost\\x1b[2J+found\n1 to remove, 1 unknown\n"));
  EXPECT_TRUE(fs::exists(root_ + "/" + kDeleted)) << "it only says so";
}

TEST_F(FileCommandsTest, CollectReadsBesideARunningCoordinator) {
  const DataDirectory directory = DataDirectory::Open(paths_.directory, "").value();
  const auto journal = SqliteJournal::Open(directory).value();
  EXPECT_EQ(Collect(), "0 to remove, 0 unknown\n");
}

TEST_F(FileCommandsTest, CollectNamesTheRootThatIsNotThere) {
  fs::remove_all(root_);
  std::ostringstream out;
  const absl::Status listed = CollectCommand(paths_.directory, root_, out);
  EXPECT_TRUE(absl::IsNotFound(listed)) << listed;
  EXPECT_THAT(std::string(listed.message()), HasSubstr(root_));
}

TEST_F(FileCommandsTest, CollectTrustsNoDatabaseThatIsDamaged) {
  ASSERT_TRUE(SqliteDb::Open(paths_.database).value().Execute("UPDATE ended_jobs SET record = x'ff'").ok());
  std::ostringstream out;
  const absl::Status listed = CollectCommand(paths_.directory, root_, out);
  EXPECT_TRUE(absl::IsDataLoss(listed)) << listed;
  EXPECT_THAT(std::string(listed.message()), HasSubstr("simclr-coordinator check --data-dir"));
  EXPECT_EQ(out.str(), "");
}

}  // namespace
}  // namespace simclr::coordinator
