#include "cli/output_buffer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <ostream>

#include "common/base/file_system.h"
#include "tests/support/temporary_directory.h"

namespace simclr::cli {
namespace {

class OutputBufferTest : public ::testing::Test {
 protected:
  OutputBufferTest() : fd_(::open((directory_ / "out").c_str(), O_WRONLY | O_CREAT, 0600)) {}
  ~OutputBufferTest() override { ::close(fd_); }
  std::string written() const { return PosixFileSystem().Read(directory_ / "out").value(); }

  TemporaryDirectory directory_;
  const int fd_;
};

TEST_F(OutputBufferTest, GivesFilesAndPipesTheBytesAsTheyAre) {
  OutputBuffer buffer(fd_, /*terminal=*/false);
  std::ostream out(&buffer);
  out << "caf\xe9\x1b[2J\n" << std::string(200'000, 'x');
  out.flush();
  EXPECT_EQ(written(), "caf\xe9\x1b[2J\n" + std::string(200'000, 'x'));
}

TEST_F(OutputBufferTest, EscapesOnATerminalAndKeepsCharactersThatComeInPieces) {
  {
    OutputBuffer buffer(fd_, /*terminal=*/true);
    std::ostream out(&buffer);
    out << "\x1b[2J\ttab\xc3" << std::flush << "\xa4\n" << std::flush << "\xc3";
  }
  EXPECT_EQ(written(), "\\x1b[2J\ttab\xc3\xa4\n\\xc3");
}

TEST_F(OutputBufferTest, RemembersTheFirstWriteThatFailed) {
  const int full = ::open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  OutputBuffer buffer(full, /*terminal=*/false);
  std::ostream out(&buffer);
  out << "text" << std::flush;
  EXPECT_FALSE(out.good());
  EXPECT_EQ(buffer.error(), ENOSPC);
  ::close(full);
}

}  // namespace
}  // namespace simclr::cli
