#include "engine/data/random_access_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "common/base/file_system.h"
#include "tests/support/temporary_directory.h"

namespace simclr::engine {
namespace {

TEST(RandomAccessFile, NamesTheLimitWhereNoMoreFilesCanBeOpen) {
  const TemporaryDirectory directory;
  const std::string path = directory / "image.png";
  ASSERT_TRUE(PosixFileSystem().Write(path, "pixels").ok());
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const absl::Status refused = RandomAccessFile::Open(path).status();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(absl::IsAborted(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), ::testing::HasSubstr("image.png: all files"));
  EXPECT_THAT(std::string(refused.message()), ::testing::HasSubstr("ulimit -n"));
  EXPECT_EQ(RandomAccessFile::Open(path).value()->Read(0, 6).value(), "pixels");
}

}  // namespace
}  // namespace simclr::engine
