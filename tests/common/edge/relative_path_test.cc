#include "common/edge/relative_path.h"

#include <gtest/gtest.h>

namespace simclr {
namespace {

TEST(RelativePath, APathBelowADirectoryIsWrittenInOneWay) {
  EXPECT_TRUE(IsBelow("j-1/checkpoints/a1-s5", "j-1/checkpoints"));
  EXPECT_TRUE(IsBelow("j-1/a/b", "j-1"));
  for (const char* bad : {"", "j-1", "j-1/", "j-10/a", "/j-1/a", "j-1//a", "j-1/./a", "j-1/../j-2/a",
                          "j-1/a/..", "j-1/a/", "../j-1/a"}) {
    EXPECT_FALSE(IsBelow(bad, "j-1")) << bad;
  }
  EXPECT_FALSE(IsBelow(absl::string_view("j-1/a\0b", 7), "j-1"));
}

TEST(RelativePath, NothingIsBelowADirectoryThatIsNone) {
  EXPECT_FALSE(IsBelow("/etc/passwd", ""));
  EXPECT_FALSE(IsBelow("../a", ".."));
}

}  // namespace
}  // namespace simclr
