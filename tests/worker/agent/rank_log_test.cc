#include "worker/agent/rank_log.h"

#include <gtest/gtest.h>

#include "common/base/file_system.h"
#include "tests/support/temporary_directory.h"

namespace simclr::agent {
namespace {

TEST(RankLog, KeepsTheNewestLinesAndTheOffsets) {
  const TemporaryDirectory directory;
  RankLog log(directory / "log", /*max_bytes=*/16384);
  std::string text;
  for (int line = 0; text.size() < 40000; ++line) text += "line " + std::to_string(line) + "\n";
  ASSERT_TRUE(PosixFileSystem().Append(log.path(), text).ok());
  ASSERT_TRUE(log.Rotate().ok());

  EXPECT_EQ(PosixFileSystem().Size(log.path()).value(), static_cast<std::int64_t>(text.size()));
  const std::int64_t near_end = static_cast<std::int64_t>(text.size()) - 100;
  EXPECT_EQ(ReadAt(log.path(), near_end, 1000).value(), text.substr(text.size() - 100));

  const std::string copy = directory / "artifacts/logs/a1-r0.log";
  ASSERT_TRUE(log.CopyTo(copy).ok());
  const std::string kept = PosixFileSystem().Read(copy).value();
  EXPECT_LT(kept.size(), 9000u);
  EXPECT_EQ(kept.rfind("[the first ", 0), 0u);
  EXPECT_TRUE(kept.ends_with(text.substr(text.size() - 8000)));
}

TEST(RankLog, TailsWholeLines) {
  const TemporaryDirectory directory;
  const RankLog log(directory / "log", 1 << 20);
  ASSERT_TRUE(PosixFileSystem().Append(log.path(), "first line\nsecond line\nthird\n").ok());
  EXPECT_EQ(log.Tail(12).value(), "third\n");
  EXPECT_EQ(log.Tail(1000).value(), "first line\nsecond line\nthird\n");
}

TEST(RankLog, SaysWhichFileIsMissing) {
  EXPECT_EQ(RankLog("/nowhere/log", 1).Tail(10).status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace simclr::agent
