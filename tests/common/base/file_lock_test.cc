#include "common/base/file_lock.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/support/temporary_directory.h"

namespace simclr {
namespace {

TEST(FileLock, IsHeldByOneAtATime) {
  TemporaryDirectory directory;
  std::optional<FileLock> first = FileLock::Take(directory / "lock").value();
  const absl::Status second = FileLock::Take(directory / "lock").status();
  EXPECT_TRUE(absl::IsAborted(second)) << second;
  EXPECT_NE(second.message().find(directory / "lock"), std::string::npos);
  EXPECT_TRUE(FileLock::Take(directory / "other").ok());
  first.reset();
  EXPECT_TRUE(FileLock::Take(directory / "lock").ok());
}

TEST(FileLock, MovesWithItsHolder) {
  TemporaryDirectory directory;
  std::optional<FileLock> first = FileLock::Take(directory / "lock").value();
  const FileLock holder = std::move(*first);
  first.reset();
  EXPECT_TRUE(absl::IsAborted(FileLock::Take(directory / "lock").status()));
}

TEST(FileLock, NamesTheFileThatCannotBeOpened) {
  TemporaryDirectory directory;
  const absl::Status status = FileLock::Take(directory / "missing/lock").status();
  EXPECT_TRUE(absl::IsPermissionDenied(status)) << status;
  EXPECT_NE(status.message().find("missing/lock"), std::string::npos);
}

}  // namespace
}  // namespace simclr
