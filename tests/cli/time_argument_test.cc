#include "cli/time_argument.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/exit_code.h"

namespace simclr::cli {
namespace {

const absl::TimeZone kZone = absl::FixedTimeZone(2 * 3600);
const absl::Time kNow = absl::FromCivil(absl::CivilSecond(2026, 2, 1, 12, 0, 0), kZone);

absl::Time Moment(const std::string& text) {
  return ParseMoment("--since", text, kNow, kZone).value();
}

TEST(ParseMoment, CountsBackwardsFromNow) {
  EXPECT_EQ(Moment("30m"), kNow - absl::Minutes(30));
  EXPECT_EQ(Moment("7d"), kNow - absl::Hours(168));
}

TEST(ParseMoment, TakesDatesInTheZoneOfTheReader) {
  EXPECT_EQ(Moment("2026-02-01"), kNow - absl::Hours(12));
  EXPECT_EQ(Moment("2026-02-01T11:30"), kNow - absl::Minutes(30));
  EXPECT_EQ(Moment("2026-02-01 11:59:30"), kNow - absl::Seconds(30));
  EXPECT_EQ(Moment("2026-02-01T10:00:00Z"), kNow);
}

TEST(ParseMoment, SaysHowToWriteIt) {
  const absl::Status status = ParseMoment("--since", "yesterday", kNow, kZone).status();
  EXPECT_EQ(ExitCodeOf(status), kUsage);
  EXPECT_THAT(std::string(status.message()),
              ::testing::HasSubstr("--since is 'yesterday'; write how long ago"));
}

}  // namespace
}  // namespace simclr::cli
