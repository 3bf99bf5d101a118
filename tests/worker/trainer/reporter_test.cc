#include "worker/trainer/reporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/support/count_allocations.h"
#include "tests/support/fake_agent_link.h"

namespace simclr::trainer {
namespace {

using engine::Activity;
using engine::Measure;
using ::testing::ElementsAre;
using Report = v1::TrainerReport;

engine::StepReport Step(std::int64_t number) {
  engine::StepReport step;
  step.step = number;
  step.total_steps = 100;
  step.epoch = static_cast<double>(number) / 10;
  step.values[Measure::kLoss] = 5.5;
  step.values[Measure::kSecondsStep] = 0.25;
  step.values[Measure::kSecondsData] = 0.125;
  return step;
}

// An agent that reads nothing until it is released.
class StuckLink : public FakeAgentLink {
 public:
  bool Send(const v1::TrainerReport& report) override {
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(&released_));
    }
    return FakeAgentLink::Send(report);
  }
  void Release() {
    absl::MutexLock lock(&mutex_);
    released_ = true;
  }

 private:
  absl::Mutex mutex_;
  bool released_ ABSL_GUARDED_BY(mutex_) = false;
};

template <typename Link>
struct Trainer {
  Link link;
  std::unique_ptr<OrderInbox> inbox = std::make_unique<OrderInbox>(link);
  Reporter reporter{{"j-1", 2, 0, "0a"}, link, *inbox};

  // Everything that the engine calls in one step.
  void TakeStep(std::int64_t number) {
    reporter.OnActivity(Activity::kData, number - 1, 100, 0);
    reporter.OnActivity(Activity::kForward, number - 1, 100, 0);
    reporter.OnWait(true);
    reporter.OnWait(false);
    EXPECT_FALSE(reporter.DrainRequested());
    reporter.OnActivity(Activity::kCollective, number - 1, 100, 0);
    reporter.OnStep(Step(number));
  }
  bool End() { return reporter.End({}, absl::Seconds(20)); }
  ~Trainer() { link.Close(); }
};

std::vector<Report> StepsOf(const FakeAgentLink& link) {
  std::vector<Report> steps;
  for (const Report& report : link.reports()) {
    if (report.has_metrics()) steps.push_back(report);
  }
  return steps;
}

TEST(Reporter, AllocatesNothingInAStep) {
  Trainer<FakeAgentLink> trainer;
  trainer.TakeStep(1);
  const std::int64_t before = AllocationsOfThisThread();
  for (std::int64_t step = 2; step <= 3 * static_cast<std::int64_t>(kMaxWaitingSteps); ++step) {
    trainer.TakeStep(step);
  }
  EXPECT_EQ(AllocationsOfThisThread(), before);
  const auto one = std::make_unique<Report>();
  EXPECT_GT(AllocationsOfThisThread(), before) << "they are counted, and the test sees something";
}

TEST(Reporter, NeverWaitsForAnAgentThatDoesNotRead) {
  Trainer<StuckLink> trainer;
  trainer.reporter.SetImagesPerStep(8);
  constexpr auto kSteps = static_cast<std::int64_t>(3 * kMaxWaitingSteps);
  for (std::int64_t step = 1; step <= kSteps; ++step) trainer.TakeStep(step);
  trainer.link.Release();
  ASSERT_TRUE(trainer.End());
  const std::vector<Report> steps = StepsOf(trainer.link);
  // One may have been in the hands of the sending thread.
  EXPECT_GE(steps.size(), kMaxWaitingSteps);
  EXPECT_LE(steps.size(), kMaxWaitingSteps + 1);
  EXPECT_EQ(steps.back().metrics().step(), static_cast<std::int64_t>(steps.size())) << "the oldest are kept";
  EXPECT_EQ(trainer.link.totals().steps(), kSteps) << "no step is missing in the totals";
  EXPECT_EQ(trainer.link.totals().images(), kSteps * 8);
}

TEST(Reporter, KeepsALimitedNumberOfWarningsForAnAgentThatDoesNotRead) {
  Trainer<StuckLink> trainer;
  for (std::size_t i = 0; i < 2 * kMaxWaitingWarnings; ++i) trainer.reporter.OnWarning("bad image");
  trainer.link.Release();
  ASSERT_TRUE(trainer.End());
  std::size_t told = 0;
  for (const Report& report : trainer.link.reports()) told += report.has_warning() ? 1 : 0;
  // One may have been in the hands of the sending thread.
  EXPECT_GE(told, kMaxWaitingWarnings);
  EXPECT_LE(told, kMaxWaitingWarnings + 1);
}

TEST(Reporter, MakesWarningsPrintable) {
  Trainer<FakeAgentLink> trainer;
  trainer.reporter.OnWarning("image left out: caf\xe9\n.png" + std::string(1 << 20, 'x'));
  ASSERT_TRUE(trainer.End());
  const Report report = trainer.link.reports().at(0);
  EXPECT_THAT(report.warning(), ::testing::StartsWith("image left out: caf\\xe9\\x0a.png"));
  EXPECT_LE(report.warning().size(), 4096u);
}

TEST(Reporter, KeepsTheOrderOfStepsAndCheckpoints) {
  Trainer<StuckLink> trainer;
  trainer.reporter.Hello("build");
  trainer.TakeStep(1);
  trainer.TakeStep(2);
  trainer.reporter.OnCheckpoint({2, "j-1/checkpoints/a2-s2", 10, "digest", absl::Seconds(1)});
  trainer.TakeStep(3);
  trainer.link.Release();
  ASSERT_TRUE(trainer.End());
  std::vector<Report::ReportCase> cases;
  for (const Report& report : trainer.link.reports()) cases.push_back(report.report_case());
  EXPECT_THAT(cases, ElementsAre(Report::kHello, Report::kMetrics, Report::kMetrics, Report::kCheckpoint,
                                 Report::kMetrics, Report::kEnd));
  EXPECT_EQ(trainer.link.reports()[0].hello().nonce(), "0a");
  EXPECT_EQ(trainer.link.reports()[3].checkpoint().nonce(), "0a");
}

TEST(Reporter, TellsWhatWasMeasuredByName) {
  Trainer<FakeAgentLink> trainer;
  trainer.TakeStep(7);
  ASSERT_TRUE(trainer.End());
  const v1::StepMetrics metrics = StepsOf(trainer.link).at(0).metrics();
  EXPECT_EQ(metrics.step(), 7);
  EXPECT_EQ(metrics.epoch(), 0.7);
  EXPECT_EQ(metrics.attempt(), 2);
  EXPECT_EQ(metrics.values().at("loss"), 5.5);
  EXPECT_EQ(metrics.values().at("seconds/data"), 0.125);
  EXPECT_EQ(metrics.values().count("lr"), 0u);
}

TEST(Reporter, TellsTotalsBeforeTheEnd) {
  Trainer<FakeAgentLink> trainer;
  trainer.TakeStep(1);
  trainer.TakeStep(2);
  trainer.reporter.OnCheckpoint({2, "path", 10, "digest", absl::Seconds(2)});
  ASSERT_TRUE(trainer.End());
  const v1::TrainerTotals totals = trainer.link.totals();
  EXPECT_EQ(totals.steps(), 2);
  EXPECT_EQ(totals.seconds().at("data"), 0.25);
  EXPECT_EQ(totals.step_seconds().sum(), 0.5);
  EXPECT_EQ(totals.checkpoint_seconds().sum(), 2);
}

TEST(Reporter, TellsWhatItWasDoingWhenItEnded) {
  Trainer<FakeAgentLink> trainer;
  trainer.reporter.OnActivity(Activity::kCheckpoint, 4, 100, 0.5);
  ASSERT_TRUE(trainer.End());
  EXPECT_TRUE(trainer.link.Await(
      [](const Report& report) { return report.progress().activity() == v1::ACTIVITY_CHECKPOINT; }));
}

TEST(Reporter, TellsTotalsWhileItRuns) {
  Trainer<FakeAgentLink> trainer;
  trainer.TakeStep(1);
  EXPECT_TRUE(trainer.link.Await([](const Report& report) { return report.totals().steps() == 1; }));
}

TEST(Reporter, TellsThatItWaitsForItsPeersWhateverItIsDoing) {
  Trainer<FakeAgentLink> trainer;
  trainer.reporter.OnActivity(Activity::kForward, 4, 100, 0.5);
  EXPECT_TRUE(trainer.link.Await([](const Report& report) {
    return report.progress().activity() == v1::ACTIVITY_FORWARD && report.progress().step() == 4;
  }));
  trainer.reporter.OnWait(true);
  EXPECT_TRUE(trainer.link.Await(
      [](const Report& report) { return report.progress().activity() == v1::ACTIVITY_COLLECTIVE; }));
}

TEST(Reporter, TellsHowMuchOfTheDataWasListedAndRead) {
  Trainer<FakeAgentLink> trainer;
  trainer.reporter.OnActivity(Activity::kOpeningData, 0, 0, 0);
  trainer.reporter.OnDataRead(2, 0);
  trainer.reporter.OnDataRead(1, 100);
  EXPECT_TRUE(trainer.link.Await([](const Report& report) {
    const v1::Progress& progress = report.progress();
    return progress.activity() == v1::ACTIVITY_OPENING_DATA && progress.files_listed() == 3 &&
           progress.bytes_read() == 100;
  }));
}

TEST(Reporter, LetsTrainingGoOnWithoutItsAgent) {
  Trainer<FakeAgentLink> trainer;
  trainer.link.Lose();
  for (std::int64_t step = 1; step <= 10; ++step) trainer.TakeStep(step);
  EXPECT_FALSE(trainer.End());
}

}  // namespace
}  // namespace simclr::trainer
