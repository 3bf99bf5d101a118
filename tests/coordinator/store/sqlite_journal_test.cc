#include "coordinator/store/sqlite_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "common/base/file_system.h"
#include "tests/support/journal_contract.h"
#include "tests/support/memory_journal.h"
#include "tests/support/temporary_directory.h"

namespace simclr::coordinator {
namespace {

using ::testing::HasSubstr;

class SqlitePlace : public JournalPlace {
 public:
  Journal& Reopen() override {
    journal_.reset();
    directory_.reset();
    directory_.emplace(DataDirectory::Open(temporary_.path(), "").value());
    journal_ = SqliteJournal::Open(*directory_).value();
    return *journal_;
  }

 private:
  TemporaryDirectory temporary_;
  std::optional<DataDirectory> directory_;
  std::unique_ptr<SqliteJournal> journal_;
};

class MemoryPlace : public JournalPlace {
 public:
  Journal& Reopen() override {
    journal_ = std::make_unique<MemoryJournal>(disk_);
    return *journal_;
  }

 private:
  MemoryDisk disk_;
  std::unique_ptr<MemoryJournal> journal_;
};

using Places = ::testing::Types<SqlitePlace, MemoryPlace>;
INSTANTIATE_TYPED_TEST_SUITE_P(All, JournalContract, Places);

TEST(DataDirectory, RefusesASecondCoordinator) {
  TemporaryDirectory temporary;
  const auto first = DataDirectory::Open(temporary.path(), "");
  ASSERT_TRUE(first.ok());
  const auto second = DataDirectory::Open(temporary.path(), "");
  EXPECT_TRUE(absl::IsFailedPrecondition(second.status()));
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("another coordinator runs"));
}

TEST(DataDirectory, RefusesTheDatabaseOfAnotherCluster) {
  TemporaryDirectory temporary;
  ASSERT_TRUE(DataDirectory::Open(temporary.path(), "c-one").ok());
  EXPECT_THAT(std::string(DataDirectory::Open(temporary.path(), "c-two").status().message()),
              HasSubstr("belongs to cluster 'c-one'"));
  EXPECT_EQ(DataDirectory::Open(temporary.path(), "").value().cluster_id(), "c-one");
}

TEST(DataDirectory, RefusesANewerSchema) {
  TemporaryDirectory temporary;
  const std::string path = DataDirectory::Open(temporary.path(), "").value().database_path();
  SqliteDb db = SqliteDb::Open(path, SqliteDb::Sync::kFull).value();
  ASSERT_TRUE(db.Execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'").ok());
  EXPECT_THAT(std::string(DataDirectory::Open(temporary.path(), "").status().message()),
              HasSubstr("newer version"));
}

TEST(DataDirectory, SaysThatTheFileIsDamaged) {
  TemporaryDirectory temporary;
  ASSERT_TRUE(PosixFileSystem().Write(temporary / "state.db", std::string(8192, 'x')).ok());
  const absl::Status status = DataDirectory::Open(temporary.path(), "").status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("restore it from a backup"));
}

TEST(DataDirectory, SaysThatItIsAFile) {
  TemporaryDirectory temporary;
  ASSERT_TRUE(PosixFileSystem().Write(temporary / "file", "x").ok());
  EXPECT_THAT(std::string(DataDirectory::Open(temporary / "file", "").status().message()),
              HasSubstr("/file"));
}

}  // namespace
}  // namespace simclr::coordinator
