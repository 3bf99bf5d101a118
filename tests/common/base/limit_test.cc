#include "common/base/limit.h"

#include <gtest/gtest.h>

namespace simclr {
namespace {

TEST(Limit, IsARowOfATable) {
  EXPECT_EQ(LimitTable("Timers", {{"silence", TimeText(absl::Seconds(15)), "--lost-after", "it is lost"},
                                  {"line", BytesText(512), "", "cut"}}),
            "## Timers\n\n| limit | value | flag | beyond |\n|---|---|---|---|\n"
            "| silence | 15s | `--lost-after` | it is lost |\n| line | 512 bytes |  | cut |\n");
}

TEST(Limit, WritesWholeDaysAsDays) {
  EXPECT_EQ(TimeText(absl::Hours(30 * 24)), "30d");
  EXPECT_EQ(TimeText(absl::Hours(24)), "24h");
  EXPECT_EQ(TimeText(absl::Hours(25)), "25h");
  EXPECT_EQ(TimeText(absl::Seconds(90)), "1m30s");
}

}  // namespace
}  // namespace simclr
