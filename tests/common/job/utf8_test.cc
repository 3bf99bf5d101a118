#include "common/job/utf8.h"

#include <gtest/gtest.h>

namespace simclr {
namespace {

TEST(Utf8, TakesEveryLengthUpToTheLastCodePoint) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("katze"));
  EXPECT_TRUE(IsUtf8("K\xc3\xa4tzchen \xe7\x8c\xab \xf0\x9f\x90\x88"));
  EXPECT_TRUE(IsUtf8("\xf4\x8f\xbf\xbf"));
}

TEST(Utf8, RefusesWhatIsCutOverlongASurrogateOrTooLarge) {
  for (const char* text : {"\xff", "\x80", "\xc3", "\xc3(", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
                           "\xf4\x90\x80\x80", "\xf0\x9f\x90"}) {
    EXPECT_FALSE(IsUtf8(text));
  }
}

}  // namespace
}  // namespace simclr
