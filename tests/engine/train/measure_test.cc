#include "engine/train/measure.h"

#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace simclr::engine {
namespace {

TEST(MeasureName, IsAnotherOneForEveryMeasure) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < kMeasures; ++i) names.insert(MeasureName(static_cast<Measure>(i)));
  EXPECT_EQ(names.size(), kMeasures);
  EXPECT_FALSE(names.contains("unknown"));
}

TEST(Measurements, HoldNothingAtFirst) {
  const Measurements measurements;
  int visited = 0;
  measurements.ForEach([&visited](Measure, double) { ++visited; });
  EXPECT_EQ(visited, 0);
  EXPECT_FALSE(measurements.Has(Measure::kLoss));
}

TEST(Measurements, AreVisitedInTheOrderOfTheList) {
  Measurements measurements;
  measurements[Measure::kSecondsStep] = 2;
  measurements[Measure::kLoss] = 0;
  std::vector<std::string> seen;
  measurements.ForEach([&seen](Measure measure, double) { seen.push_back(MeasureName(measure)); });
  EXPECT_THAT(seen, ::testing::ElementsAre("loss", "seconds/step"));
  EXPECT_TRUE(measurements.Has(Measure::kLoss));
}

}  // namespace
}  // namespace simclr::engine
