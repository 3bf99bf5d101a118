#include "worker/agent/probes/disk.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace simclr::agent {
namespace {

TEST(Disk, IsTheFileSystemAtAPath) {
  const TemporaryDirectory directory;
  EXPECT_GT(FileSystemBytes(directory.path()).value(), 0);
  EXPECT_GT(FreeBytes(directory.path()).value(), 0);
  EXPECT_LE(FreeBytes(directory.path()).value(), FileSystemBytes(directory.path()).value());
  EXPECT_EQ(FileSystemBytes(directory / "none").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace simclr::agent
