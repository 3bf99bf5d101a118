#include "common/base/text.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

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

TEST(Printable, LeavesTextOfAnyLanguageAsItIs) {
  const std::string text = "K\xc3\xa4tzchen \xe7\x8c\xab \xf0\x9f\x90\x88 a\\b \"q\"";
  EXPECT_EQ(Printable(text), text);
}

TEST(Printable, EscapesEachByteThatIsNotUtf8) {
  EXPECT_EQ(Printable("caf\xe9.png"), "caf\\xe9.png");
  EXPECT_EQ(Printable("\xed\xa0\x80|\xc0\xaf|\xf4\x90\x80\x80"),
            "\\xed\\xa0\\x80|\\xc0\\xaf|\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(Printable("\xe7\x8c"), "\\xe7\\x8c");
}

TEST(Printable, EscapesWhatMovesACursorOrTurnsText) {
  EXPECT_EQ(Printable(absl::string_view("a\0b\x1b[2J\r\n\t\x7f", 11)), "a\\x00b\\x1b[2J\\x0d\\x0a\\x09\\x7f");
  EXPECT_EQ(Printable("\xc2\x9b\x32J"), "\\xc2\\x9b2J");                               // C1
  EXPECT_EQ(Printable("\xe2\x80\xa8\xe2\x80\xae"), "\\xe2\\x80\\xa8\\xe2\\x80\\xae");  // U+2028, U+202E
  EXPECT_EQ(Printable("\xe2\x81\xa6"), "\\xe2\\x81\\xa6");                             // U+2066
}

TEST(Printable, IsUnchangedBySecondUse) {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  const std::string once = Printable(every_byte, 200);
  EXPECT_EQ(Printable(once, 200), once);
}

TEST(Printable, KeepsTheLimitCutsBetweenCharactersAndSaysWhatIsMissing) {
  std::string cats;
  for (int i = 0; i < 1000; ++i) cats += "\xf0\x9f\x90\x88";
  const std::string cut = Printable(cats, 101);
  EXPECT_LE(cut.size(), 101u);
  EXPECT_TRUE(IsUtf8(cut));
  const std::size_t kept = cut.find(" ... (");
  EXPECT_TRUE(absl::EndsWith(cut, absl::StrCat(" ... (", 4000 - kept, " bytes more)"))) << cut;
  EXPECT_EQ(Printable(std::string(100, 'a'), 100), std::string(100, 'a'));
  EXPECT_LE(Printable(std::string(5000, '\n'), 64).size(), 64u);
}

TEST(PrintableLines, KeepsLineFeedsAndTabsAlone) {
  EXPECT_EQ(PrintableLines("a\n\tb\r\n\xe9"), "a\n\tb\\x0d\n\\xe9");
}

TEST(PrintableTail, KeepsTheEndWithinTheLimit) {
  EXPECT_EQ(PrintableTail("one\ntwo\n", 4), "two\n");
  EXPECT_EQ(PrintableTail("\xe7\x8c\xab\xe7\x8c\xab", 5), "\xe7\x8c\xab");
  const std::string tail = PrintableTail(std::string(1000, '\xe9') + "end", 100);
  EXPECT_LE(tail.size(), 100u);
  EXPECT_TRUE(absl::EndsWith(tail, "\\xe9end"));
}

TEST(CompleteUtf8, LeavesTheBeginningOfACharacterForLater) {
  EXPECT_EQ(CompleteUtf8("ab"), 2u);
  EXPECT_EQ(CompleteUtf8("ab\xe7\x8c"), 2u);
  EXPECT_EQ(CompleteUtf8("ab\xe7\x8c\xab"), 5u);
  EXPECT_EQ(CompleteUtf8("ab\xff"), 3u);
  EXPECT_EQ(CompleteUtf8("\x80\x80\x80\x80"), 4u);
  EXPECT_EQ(CompleteUtf8(""), 0u);
}

TEST(PrintableList, SaysHowManyNamesAreLeftOut) {
  EXPECT_EQ(PrintableList({"cat", "caf\xe9"}), "cat, caf\\xe9");
  EXPECT_EQ(PrintableList({}), "");
  EXPECT_EQ(PrintableList(std::vector<std::string>(19, "12345678"), 40),
            "12345678, 12345678, 12345678, 12345678, ... (15 more)");
}

}  // namespace
}  // namespace simclr
