#include "coordinator/store/wal_checkpointer.h"

#include <gtest/gtest.h>

#include <functional>

#include "absl/time/clock.h"
#include "common/base/file_system.h"
#include "tests/support/temporary_directory.h"

namespace simclr::coordinator {
namespace {

class WalCheckpointerTest : public ::testing::Test {
 protected:
  static SqliteOptions Writer() {
    SqliteOptions options;
    options.auto_checkpoint = false;
    return options;
  }
  void WriteMebibyte() { ASSERT_TRUE(db_.Execute("INSERT INTO t VALUES (zeroblob(1048576))").ok()); }
  std::int64_t LogSize() const { return PosixFileSystem().Size(path_ + "-wal").value(); }
  std::int64_t FileSize() const { return PosixFileSystem().Size(path_).value(); }
  static bool Becomes(const std::function<bool()>& condition) {
    for (const absl::Time deadline = absl::Now() + absl::Seconds(20); absl::Now() < deadline;) {
      if (condition()) return true;
      absl::SleepFor(absl::Milliseconds(2));
    }
    return false;
  }
  static WalCheckpointerOptions Often(std::int64_t move_above, std::int64_t truncate_above) {
    return {move_above, truncate_above, absl::Milliseconds(5)};
  }

  TemporaryDirectory temporary_;
  const std::string path_ = temporary_ / "a.db";
  SqliteDb db_ = SqliteDb::Open(path_, Writer()).value();
};

TEST_F(WalCheckpointerTest, MovesALargeLogIntoTheFile) {
  ASSERT_TRUE(db_.Execute("CREATE TABLE t (a BLOB)").ok());
  const auto checkpointer = WalCheckpointer::Start(path_, Often(500'000, 1 << 30)).value();
  WriteMebibyte();
  EXPECT_TRUE(Becomes([&] { return FileSize() > 1'000'000; }));
  EXPECT_GT(LogSize(), 1'000'000) << "its space is used again";
}

TEST_F(WalCheckpointerTest, EndsAVeryLargeLog) {
  ASSERT_TRUE(db_.Execute("CREATE TABLE t (a BLOB)").ok());
  const auto checkpointer = WalCheckpointer::Start(path_, Often(500'000, 600'000)).value();
  WriteMebibyte();
  EXPECT_TRUE(Becomes([&] { return LogSize() == 0; }));
}

TEST_F(WalCheckpointerTest, LeavesASmallLogToTheWriterWhoNeverMovesIt) {
  ASSERT_TRUE(db_.Execute("CREATE TABLE t (a BLOB)").ok());
  const std::int64_t before = FileSize();
  for (int i = 0; i < 8; ++i) WriteMebibyte();
  EXPECT_GT(LogSize(), 8'000'000);
  EXPECT_EQ(FileSize(), before);
}

}  // namespace
}  // namespace simclr::coordinator
