#include "common/job/span.h"

#include <gtest/gtest.h>

namespace simclr {
namespace {

TEST(ParseSpan, KnowsTheUnitsThatPeopleWrite) {
  EXPECT_EQ(ParseSpan("90s").value(), absl::Seconds(90));
  EXPECT_EQ(ParseSpan("1h30m").value(), absl::Minutes(90));
  EXPECT_EQ(ParseSpan("30d").value(), absl::Hours(720));
  EXPECT_EQ(ParseSpan("2w").value(), absl::Hours(336));
  EXPECT_EQ(ParseSpan("1.5h").value(), absl::Minutes(90));
  EXPECT_EQ(ParseSpan("250ms").value(), absl::Milliseconds(250));
}

TEST(ParseSpan, RefusesEverythingElse) {
  for (const char* text : {"", "7", "d", "7 d", "-7d", "7x", "1..5h", "7d ", "99999999999999999999999w"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseSpan(text).status())) << text;
  }
}

}  // namespace
}  // namespace simclr
