#include "bench/control_plane/metrics_page.h"

#include <gmock/gmock.h>

namespace simclr::bench {
namespace {

constexpr char kBefore[] =
    "# TYPE ticks_seconds histogram\n"
    "ticks_seconds_bucket{le=\"0.005\"} 1\n"
    "ticks_seconds_bucket{le=\"0.05\"} 1\n"
    "ticks_seconds_bucket{le=\"+Inf\"} 1\n"
    "ticks_seconds_sum 0.002\n"
    "ticks_seconds_count 1\n";
constexpr char kAfter[] =
    "ticks_seconds_bucket{le=\"0.005\"} 51\n"
    "ticks_seconds_bucket{le=\"0.05\"} 101\n"
    "ticks_seconds_bucket{le=\"+Inf\"} 101\n"
    "ticks_seconds_sum 2.002\n"
    "ticks_seconds_count 101\n"
    "jobs{kind=\"pretrain\",phase=\"queued\"} 3\n"
    "jobs{kind=\"pretrain\",phase=\"running\"} 4\n";

TEST(MetricsPageTest, SumsTheSeriesOfAName) {
  EXPECT_EQ(MetricsPage::Parse(kAfter).Total("jobs"), 7);
  EXPECT_EQ(MetricsPage::Parse(kAfter).Total("absent"), 0);
}

TEST(MetricsPageTest, TellsWhatAHistogramGatheredBetweenTwoReadings) {
  const auto growth = MetricsPage::Parse(kAfter).GrowthSince(MetricsPage::Parse(kBefore), "ticks_seconds");
  ASSERT_TRUE(growth.ok());
  EXPECT_EQ(growth->count, 100);
  EXPECT_DOUBLE_EQ(growth->mean, 0.02);
  EXPECT_DOUBLE_EQ(growth->bound99, 0.05);
}

TEST(MetricsPageTest, SaysWhereThereIsNoSuchHistogram) {
  EXPECT_EQ(MetricsPage::Parse(kAfter).GrowthSince(MetricsPage(), "jobs").status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace simclr::bench
