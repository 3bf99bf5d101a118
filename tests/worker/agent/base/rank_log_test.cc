#include "worker/agent/base/rank_log.h"

#include <gtest/gtest.h>

#include "common/base/file_system.h"
#include "tests/support/temporary_directory.h"

namespace simclr::agent {
namespace {

TEST(RankLog, KeepsTheNewestLinesAndTheOffsets) {
  const TemporaryDirectory directory;
  const std::string path = directory / "log";
  std::string text;
  for (int line = 0; text.size() < 400'000; ++line) text += "line " + std::to_string(line) + "\n";
  ASSERT_TRUE(PosixFileSystem().Append(path, text).ok());
  ASSERT_TRUE(RotateLog(path, /*max_bytes=*/131'072).ok());

  const LogRange range = RangeOfLog(path).value();
  EXPECT_EQ(range.end, static_cast<std::int64_t>(text.size()));
  EXPECT_GT(range.base, range.end - 131'072);
  EXPECT_LE(range.base, range.end - 65'536) << "half of the limit is kept";
  EXPECT_EQ(ReadAt(path, range.base, 1 << 20).value(), text.substr(static_cast<std::size_t>(range.base)))
      << "not a byte of the hole is left";
  EXPECT_EQ(ReadAt(path, range.end - 100, 1000).value(), text.substr(text.size() - 100));
}

TEST(RankLog, OfLittleIsLeftAlone) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(PosixFileSystem().Append(directory / "log", "first line\n").ok());
  ASSERT_TRUE(RotateLog(directory / "log", 16384).ok());
  EXPECT_EQ(RangeOfLog(directory / "log").value().base, 0);
  ASSERT_TRUE(PosixFileSystem().Write(directory / "empty", "").ok());
  EXPECT_EQ(RangeOfLog(directory / "empty").value().end, 0);
  EXPECT_EQ(RangeOfLog(directory / "empty").value().base, 0);
}

TEST(RankLog, TailsWholeLines) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(PosixFileSystem().Append(directory / "log", "first line\nsecond line\nthird\n").ok());
  EXPECT_EQ(TailOfLog(directory / "log", 12).value(), "third\n");
  EXPECT_EQ(TailOfLog(directory / "log", 1000).value(), "first line\nsecond line\nthird\n");
}

TEST(RankLog, SaysWhichFileIsMissing) {
  EXPECT_EQ(TailOfLog("/nowhere/log", 10).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace simclr::agent
