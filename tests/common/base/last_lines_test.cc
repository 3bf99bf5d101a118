#include "common/base/last_lines.h"

#include <gtest/gtest.h>

namespace simclr {
namespace {

std::int64_t Offset(const std::string& text, std::int64_t lines, std::int64_t begin = 0) {
  const auto read = [&text](std::int64_t offset, std::size_t limit) -> absl::StatusOr<std::string> {
    return text.substr(static_cast<std::size_t>(offset), limit);
  };
  return OffsetOfLastLines(begin, static_cast<std::int64_t>(text.size()), lines, read).value();
}

TEST(OffsetOfLastLines, CountsAnUnfinishedLine) {
  EXPECT_EQ(Offset("a\nb\nc", 1), 4);
  EXPECT_EQ(Offset("a\nb\nc\n", 2), 2);
  EXPECT_EQ(Offset("a\n", 5), 0);
  EXPECT_EQ(Offset("", 1), 0);
  EXPECT_EQ(Offset("a\nb", 0), 3);
}

TEST(OffsetOfLastLines, StopsWhereTheBytesBegin) {
  EXPECT_EQ(Offset("a\nb\nc\n", 2, 3), 3);
  EXPECT_EQ(Offset("a\nb\nc\n", 1, 3), 4);
}

TEST(OffsetOfLastLines, ReadsNoMoreThanTheLinesTake) {
  const std::string text(10 << 20, '\n');
  std::size_t taken = 0;
  const auto read = [&](std::int64_t offset, std::size_t limit) -> absl::StatusOr<std::string> {
    taken += limit;
    return text.substr(static_cast<std::size_t>(offset), limit);
  };
  const std::int64_t size = static_cast<std::int64_t>(text.size());
  EXPECT_EQ(OffsetOfLastLines(0, size, 5, read).value(), size - 5);
  EXPECT_LE(taken, 64u << 10);
  const std::string lines = std::string(100'000, 'x') + "\n" + std::string(100'000, 'y') + "\n";
  EXPECT_EQ(Offset(lines, 1), 100'001) << "over several blocks";
}

TEST(OffsetOfLastLines, PassesOnWhatCannotBeRead) {
  const auto read = [](std::int64_t, std::size_t) -> absl::StatusOr<std::string> {
    return absl::UnavailableError("gone");
  };
  EXPECT_TRUE(absl::IsUnavailable(OffsetOfLastLines(0, 10, 1, read).status()));
}

}  // namespace
}  // namespace simclr
