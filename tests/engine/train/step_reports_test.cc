#include <unistd.h>

#include <atomic>
#include <cmath>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/train/tiny_ranks.h"
#include "tests/support/temporary_directory.h"

// What a run tells in its steps' reports.

namespace simclr::engine {
namespace {

using ::simclr::testing::ExpectAllPassed;
using ::simclr::testing::RankContext;
using ::simclr::testing::RunRanks;

class WaitObserver : public RecordingObserver {
 public:
  void OnWait(bool waiting) override {
    if (waiting) ++waits;
    this->waiting = waiting;
  }
  std::atomic<int> waits = 0;
  std::atomic<bool> waiting = false;
};

class ActivityObserver : public RecordingObserver {
 public:
  void OnActivity(Activity activity, std::int64_t, std::int64_t, double) override { now = activity; }
  void OnCheckpoint(const CheckpointReport& report) override {
    RecordingObserver::OnCheckpoint(report);
    EXPECT_EQ(now, Activity::kCheckpoint);
  }
  Activity now = Activity::kInit;
};

std::vector<StepReport> Reports(const JobConfig& job) {
  const TemporaryDirectory root;
  RecordingObserver observer;
  const RunEnd end = engine::Run(job, TinyOptions(root.path()), observer);
  EXPECT_EQ(end.end, EndClass::kSuccess) << end.message;
  return observer.reports;
}

double SumOfParts(const Measurements& values) {
  double sum = 0;
  for (const Measure part :
       {Measure::kSecondsData, Measure::kSecondsH2d, Measure::kSecondsForward, Measure::kSecondsGather,
        Measure::kSecondsBackward, Measure::kSecondsReduce, Measure::kSecondsNormSync,
        Measure::kSecondsOptimizer, Measure::kSecondsCheckpoint, Measure::kSecondsOther}) {
    EXPECT_GE(values[part], 0) << MeasureName(part);
    sum += values[part];
  }
  return sum;
}

TEST(StepReports, SharesOutTheWholeStep) {
  for (const StepReport& report : Reports(TinyJob(2))) {
    const double step = report.values[Measure::kSecondsStep];
    EXPECT_NEAR(SumOfParts(report.values), step, 1e-6) << report.step;
    EXPECT_EQ(report.values[Measure::kSecondsNormSync], 0) << "alone, nobody is waited for";
    EXPECT_NEAR(report.values[Measure::kImagesPerSecond] * step, 16, 1e-6);
  }
}

TEST(StepReports, CountsSavingInTheStepThatFollows) {
  for (const StepReport& report : Reports(TinyJob(2))) {
    EXPECT_EQ(report.values[Measure::kSecondsCheckpoint] > 0, report.step == 5) << report.step;
  }
}

// Where the export fails, no checkpoint did.
TEST(StepReports, TellOfSavingOnlyWhileACheckpointIsWritten) {
  const TemporaryDirectory root;
  ActivityObserver observer;
  const RunEnd end = engine::Run(TinyJob(1), TinyOptions(root.path()), observer);
  EXPECT_EQ(end.end, EndClass::kSuccess) << end.message;
  EXPECT_EQ(observer.checkpoints.size(), 1u);
  EXPECT_EQ(observer.now, Activity::kEval);
}

TEST(StepReports, LooksForACollapseInTheFirstStepAndInEvery25th) {
  std::set<std::int64_t> looked;
  for (const StepReport& report : Reports(TinyJob(7))) {
    const Measurements& values = report.values;
    if (!values.Has(Measure::kUniformity)) continue;
    looked.insert(report.step);
    EXPECT_LT(std::abs(values[Measure::kNegativeSimilarity]), 1);
    EXPECT_NEAR(values[Measure::kAlignment], 2 - 2 * values[Measure::kPositiveSimilarity], 1e-9);
    EXPECT_GT(values[Measure::kEffectiveRank], 1);
    EXPECT_LE(values[Measure::kEffectiveRank], 16);
    EXPECT_GT(values[Measure::kEmbeddingStd], 0);
    EXPECT_GT(values[Measure::kFeatureStd], 0);
  }
  EXPECT_THAT(looked, ::testing::ElementsAre(1, 25));
}

TEST(StepReports, HoldsWhatTheLoaderAndTheProcessDo) {
  for (const StepReport& report : Reports(TinyJob(1))) {
    const Measurements& values = report.values;
    EXPECT_GT(values[Measure::kSecondsAugment], 0);
    EXPECT_GE(values[Measure::kSecondsDecode], 0);
    EXPECT_LE(values[Measure::kQueueDepth], values[Measure::kQueueCapacity]);
    EXPECT_GT(values[Measure::kMemoryBytes], 1e7);
    EXPECT_FALSE(values.Has(Measure::kGpuMemoryReservedBytes));
    EXPECT_EQ(values[Measure::kTemperature], 0.5);
    EXPECT_GE(values[Measure::kContrastiveAccuracyTop5], values[Measure::kContrastiveAccuracy]);
    EXPECT_FALSE(values.Has(Measure::kEvalLoss));
  }
}

TEST(StepReports, TellOfTwoRanksWhatEachWaitedFor) {
  ExpectAllPassed(RunRanks(2, [](RankContext& context) {
    WaitObserver observer;
    const RunEnd end = engine::Run(TinyJob(1), RankOptions(context, "run"), observer);
    ASSERT_EQ(end.end, EndClass::kSuccess) << end.message;
    for (const StepReport& report : observer.reports) {
      EXPECT_GT(report.values[Measure::kSecondsNormSync], 0);
      EXPECT_NEAR(SumOfParts(report.values), report.values[Measure::kSecondsStep], 1e-6);
    }
    // The encoder's twenty batch norms, forward and backward, in each of four steps.
    EXPECT_GE(observer.waits, 4 * 2 * 20);
    EXPECT_FALSE(observer.waiting);
    EXPECT_EQ(observer.reports[0].values.Has(Measure::kUniformity), context.rank() == 0);
  }));
}

// Rank 1 ends in its second step and rank 0 waits for it, in a forward pass, until the network tells.
TEST(StepReports, TellThatARankWaitsForOneThatIsGone) {
  const auto results = RunRanks(2, [](RankContext& context) {
    WaitObserver observer;
    if (context.rank() == 1) {
      observer.after_step = [](std::int64_t step) {
        if (step == 2) ::_exit(7);
      };
    }
    const RunEnd end = engine::Run(TinyJob(1), RankOptions(context, "run"), observer);
    EXPECT_EQ(end.end, EndClass::kPeerLost);
    EXPECT_NE(end.remains, nullptr) << "the end can be told before the groups are taken down";
    EXPECT_FALSE(observer.waiting);
  });
  EXPECT_EQ(results[0].exit_code, 0) << results[0].output;
}

}  // namespace
}  // namespace simclr::engine
