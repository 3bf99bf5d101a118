#include "common/metrics/metric.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <algorithm>

#include "common/metrics/buckets.h"

namespace simclr {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const MetricList& Cats() {
  static const MetricList list({
      {"cats", prometheus::MetricType::Gauge, "Cats by colour.", {"house", {"colour", {"grey", "black"}}}},
      {"cats_fed_total", prometheus::MetricType::Counter, "Meals.", {"house"}},
      {"cat_nap_seconds", prometheus::MetricType::Histogram, "Naps.", {}, PhaseBuckets()},
  });
  return list;
}

std::string Text(const std::vector<prometheus::MetricFamily>& families) {
  return prometheus::TextSerializer().Serialize(families);
}

TEST(MetricList, FindsByNameAndKeepsTheOrder) {
  EXPECT_STREQ(Cats()["cats_fed_total"].help, "Meals.");
  ASSERT_THAT(Cats().all(), SizeIs(3));
  EXPECT_STREQ(Cats().all()[2]->name, "cat_nap_seconds");
}

TEST(MetricListDeathTest, EndsTheProgramForANameThatIsNotThere) {
  EXPECT_DEATH(Cats()["dogs"], "metric=dogs");
}

TEST(Metric, RegistersFamiliesWithItsNameHelpAndBuckets) {
  prometheus::Registry registry;
  AddCounter(registry, Cats()["cats_fed_total"]).Add(LabelsOf(Cats()["cats_fed_total"], {"barn"}));
  const Metric& naps = Cats()["cat_nap_seconds"];
  AddHistogram(registry, naps).Add({}, naps.buckets).Observe(7);
  const std::string text = Text(registry.Collect());
  EXPECT_THAT(text, HasSubstr("# HELP cats_fed_total Meals.\n# TYPE cats_fed_total counter"));
  EXPECT_THAT(text, HasSubstr("cats_fed_total{house=\"barn\"} 0"));
  EXPECT_THAT(text, HasSubstr("cat_nap_seconds_bucket{le=\"5\"} 0"));
  EXPECT_THAT(text, HasSubstr("cat_nap_seconds_bucket{le=\"15\"} 1"));
}

TEST(ScrapedFamily, ShowsItsSeriesWithLabelsInOrder) {
  ScrapedFamily family(Cats()["cats"]);
  family.Add({"barn", "grey"}, 2);
  std::vector<prometheus::MetricFamily> families;
  family.MoveTo(families);
  EXPECT_THAT(Text(families), HasSubstr("cats{house=\"barn\",colour=\"grey\"} 2"));
}

TEST(ScrapedFamily, AddsUpTheCountsOfAHistogram) {
  std::vector<std::int64_t> counts(PhaseBuckets().size() + 1, 0);
  counts[1] = 2;  // up to 5 s
  counts[2] = 1;
  counts.back() = 1;
  ScrapedFamily family(Cats()["cat_nap_seconds"]);
  family.AddHistogram({}, counts, 99);
  std::vector<prometheus::MetricFamily> families;
  family.MoveTo(families);
  const std::string text = Text(families);
  EXPECT_THAT(text, HasSubstr("cat_nap_seconds_bucket{le=\"1\"} 0"));
  EXPECT_THAT(text, HasSubstr("cat_nap_seconds_bucket{le=\"5\"} 2"));
  EXPECT_THAT(text, HasSubstr("cat_nap_seconds_bucket{le=\"15\"} 3"));
  EXPECT_THAT(text, HasSubstr("cat_nap_seconds_bucket{le=\"+Inf\"} 4"));
  EXPECT_THAT(text, HasSubstr("cat_nap_seconds_sum 99"));
}

TEST(ScrapedFamily, WithoutSeriesIsLeftOut) {
  std::vector<prometheus::MetricFamily> families;
  ScrapedFamily(Cats()["cats"]).MoveTo(families);
  EXPECT_THAT(families, IsEmpty());
}

TEST(MetricsReference, IsATableOfWhatTheListHolds) {
  EXPECT_EQ(MetricsReference("Cats", Cats().all()),
            "## Cats\n\n"
            "| name | type | labels | meaning |\n"
            "|---|---|---|---|\n"
            "| `cats` | gauge | house, colour | Cats by colour. |\n"
            "| `cats_fed_total` | counter | house | Meals. |\n"
            "| `cat_nap_seconds` | histogram |  | Naps. Buckets: phase. |\n"
            "\n"
            "| closed label | words | of |\n"
            "|---|---|---|\n"
            "| `colour` | grey, black | `cats` |\n");
}

TEST(MetricsReference, ListsTheSameWordsOfSeveralMetricsOnce) {
  const Label colour("colour", {"grey"});
  const MetricList list({{"cats", prometheus::MetricType::Gauge, "Cats.", {colour}},
                         {"dogs", prometheus::MetricType::Gauge, "Dogs.", {colour}}});
  EXPECT_THAT(MetricsReference("Pets", list.all()), HasSubstr("| `colour` | grey | `cats`, `dogs` |\n"));
}

TEST(MetricsReference, HasNoTableOfWordsWhereEveryLabelIsOpen) {
  const MetricList list({{"cats", prometheus::MetricType::Gauge, "Cats.", {"house"}}});
  EXPECT_THAT(MetricsReference("Cats", list.all()), Not(HasSubstr("closed label")));
}

TEST(Buckets, AreNamedAndRise) {
  for (const auto* ladder :
       {&RpcBuckets(), &StepBuckets(), &StorageBuckets(), &CheckpointBuckets(), &PhaseBuckets()}) {
    EXPECT_FALSE(LadderName(*ladder).empty());
    EXPECT_TRUE(std::is_sorted(ladder->begin(), ladder->end()));
  }
  EXPECT_EQ(LadderName({1, 2, 3}), "");
  EXPECT_THAT(LadderReference(), HasSubstr("| phase | 1, 5, 15, 30, 60, 300, 900, 1800, 3600,"));
}

}  // namespace
}  // namespace simclr
