#include "common/base/file_system.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/temporary_directory.h"

namespace simclr {
namespace {

using ::testing::HasSubstr;

std::string Message(const absl::StatusOr<std::string>& read) {
  return std::string(read.status().message());
}

TEST(FileSystem, WritesNamesThatAreNoTextInEscapes) {
  EXPECT_THAT(Message(PosixFileSystem().Read("/caf\xe9\n")),
              HasSubstr("cannot open /caf\\xe9\\x0a: No such"));
}

TEST(ReadSmallFile, ReadsUpToTheLimit) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(PosixFileSystem().Write(directory / "a", "12345").ok());
  EXPECT_EQ(ReadSmallFile(directory / "a", 5).value(), "12345");
  EXPECT_TRUE(absl::IsOutOfRange(ReadSmallFile(directory / "a", 4).status()));
}

TEST(ReadSmallFile, RefusesALargeFileByItsSize) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(PosixFileSystem().Write(directory / "a", "").ok());
  ASSERT_EQ(::truncate((directory / "a").c_str(), off_t{30} << 30), 0);
  EXPECT_THAT(Message(ReadSmallFile(directory / "a", 1000)),
              HasSubstr("has 32212254720 bytes; at most 1000 are read"));
}

TEST(ReadSmallFile, EndsWithDevicesAndPipesThatDoNot) {
  const TemporaryDirectory directory;
  EXPECT_THAT(Message(ReadSmallFile("/dev/zero", 1000)), HasSubstr("more than 1000 bytes"));
  ASSERT_EQ(::mkfifo((directory / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(Message(ReadSmallFile(directory / "pipe", 1000)), HasSubstr("nothing comes from"));
}

TEST(ReadSmallFile, ReadsAPipe) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], "text", 4), 4);
  ::close(ends[1]);
  EXPECT_EQ(ReadSmallFile("/dev/fd/" + std::to_string(ends[0]), 1000).value(), "text");
  ::close(ends[0]);
}

TEST(ReadSmall, StopsReadingADescriptorThatGivesTooMuch) {
  const int zero = ::open("/dev/zero", O_RDONLY);
  EXPECT_THAT(Message(ReadSmall(zero, "standard input", 1000)),
              HasSubstr("standard input has more than 1000"));
  ::close(zero);
}

}  // namespace
}  // namespace simclr
