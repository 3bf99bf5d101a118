#include "coordinator/store/data_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/file_system.h"
#include "coordinator/store/meta.h"
#include "coordinator/store/sqlite_db.h"
#include "tests/support/temporary_directory.h"

namespace simclr::coordinator {
namespace {

using ::testing::HasSubstr;

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
  SqliteDb db = SqliteDb::Open(path).value();
  ASSERT_TRUE(WriteMeta(db, "schema_version", "99").ok());
  EXPECT_THAT(std::string(DataDirectory::Open(temporary.path(), "").status().message()),
              HasSubstr("newer version"));
}

TEST(DataDirectory, RefusesATableThatLacksAColumn) {
  TemporaryDirectory temporary;
  const std::string path = DataDirectory::Open(temporary.path(), "").value().database_path();
  {
    SqliteDb db = SqliteDb::Open(path).value();
    ASSERT_TRUE(db.Execute("DROP INDEX ended_jobs_by_expiry").ok());
    ASSERT_TRUE(db.Execute("ALTER TABLE ended_jobs DROP COLUMN expires").ok());
  }
  const std::string before = PosixFileSystem().Read(path).value();
  const absl::Status status = DataDirectory::Open(temporary.path(), "").status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              HasSubstr(path + ": its table ended_jobs has no column expires"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("restore a backup of a release"));
  EXPECT_EQ(PosixFileSystem().Read(path).value(), before) << "it is left as it is";
}

TEST(DataDirectory, MakesATableThatIsMissing) {
  TemporaryDirectory temporary;
  const std::string path = DataDirectory::Open(temporary.path(), "").value().database_path();
  ASSERT_TRUE(SqliteDb::Open(path).value().Execute("DROP TABLE requests").ok());
  ASSERT_TRUE(DataDirectory::Open(temporary.path(), "").ok());
  EXPECT_TRUE(SqliteDb::Open(path).value().Execute("SELECT at FROM requests").ok());
}

TEST(DataDirectory, SaysThatTheFileIsDamagedAndWhatHelps) {
  TemporaryDirectory temporary;
  ASSERT_TRUE(PosixFileSystem().Write(temporary / "state.db", std::string(8192, 'x')).ok());
  const absl::Status status = DataDirectory::Open(temporary.path(), "").status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("restore it from a backup"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("check --data-dir " + temporary.path()));
}

TEST(DataDirectory, SaysThatItIsAFile) {
  TemporaryDirectory temporary;
  ASSERT_TRUE(PosixFileSystem().Write(temporary / "file", "x").ok());
  EXPECT_THAT(std::string(DataDirectory::Open(temporary / "file", "").status().message()),
              HasSubstr("/file"));
}

TEST(DataDirectory, SaysThatItWentBackInTime) {
  TemporaryDirectory temporary;
  std::int64_t term = 0;
  {
    const DataDirectory directory = DataDirectory::Open(temporary.path(), "").value();
    term = directory.term();
    EXPECT_EQ(directory.restored(), "");
    SqliteDb db = SqliteDb::Open(directory.database_path()).value();
    ASSERT_TRUE(MarkRestored(db, "restored", absl::FromUnixSeconds(0)).ok());
  }
  const DataDirectory directory = DataDirectory::Open(temporary.path(), "").value();
  EXPECT_EQ(directory.restored(), "restored at 1970-01-01T00:00:00+00:00");
  EXPECT_EQ(directory.term(), term + 1001);
}

}  // namespace
}  // namespace simclr::coordinator
