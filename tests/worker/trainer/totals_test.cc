#include "worker/trainer/totals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/metrics/buckets.h"

namespace simclr::trainer {
namespace {

using engine::Measure;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

engine::StepReport Step(double seconds) {
  engine::StepReport step;
  step.values[Measure::kLoss] = 5;
  step.values[Measure::kSecondsStep] = seconds;
  step.values[Measure::kSecondsForward] = seconds / 2;
  step.values[Measure::kSecondsNormSync] = seconds / 4;
  step.values[Measure::kBadImages] = 100;  // of all ranks, and no count of this step
  step.bad_images = 3;
  return step;
}

TEST(DurationHistogram, CountsUpToAndWithItsBounds) {
  constexpr double kBounds[] = {1, 2};
  DurationHistogram histogram(kBounds);
  for (const double seconds : {0.5, 1.0, 1.5, 2.5, 100.0}) histogram.Add(seconds);
  const v1::Histogram read = histogram.Read();
  EXPECT_THAT(read.bounds(), ElementsAre(1, 2));
  EXPECT_THAT(read.counts(), ElementsAre(2, 1, 2));
  EXPECT_EQ(read.sum(), 105.5);
}

TEST(Totals, AddUpSteps) {
  Totals totals;
  totals.SetImagesPerStep(64);
  totals.AddStep(Step(1));
  totals.AddStep(Step(2));
  const v1::TrainerTotals read = totals.Read();
  EXPECT_EQ(read.steps(), 2);
  EXPECT_EQ(read.images(), 128);
  EXPECT_EQ(read.bad_images(), 6);
  EXPECT_EQ(read.seconds().at("forward"), 1.5);
  EXPECT_EQ(read.seconds().at("norm_sync"), 0.75);
  EXPECT_EQ(read.seconds().at("optimizer"), 0);
  EXPECT_EQ(read.seconds().count("loss"), 0u);
  EXPECT_EQ(read.step_seconds().sum(), 3);
}

TEST(Totals, CountCheckpoints) {
  Totals totals;
  totals.AddCheckpoint(absl::Milliseconds(50));
  totals.AddCheckpoint(absl::Seconds(3));
  const v1::Histogram written = totals.Read().checkpoint_seconds();
  EXPECT_EQ(written.counts(0), 1);
  EXPECT_EQ(written.counts(5), 1);
  EXPECT_EQ(written.sum(), 3.05);
}

TEST(Totals, UseTheLaddersOfTheAgentsMetrics) {
  EXPECT_THAT(StepBuckets(), ElementsAreArray(kStepBounds));
  EXPECT_THAT(CheckpointBuckets(), ElementsAreArray(kCheckpointBounds));
}

}  // namespace
}  // namespace simclr::trainer
