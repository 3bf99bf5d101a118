#include "worker/trainer/trainer_run.h"

#include "common/base/file_system.h"
#include "common/job/defaults.h"
#include "common/job/job_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/fake_agent_link.h"
#include "tests/support/temporary_directory.h"

namespace simclr::trainer {
namespace {

using ::testing::ElementsAre;

constexpr char kTinyJob[] = R"(
data: {source: "synthetic:train=32,size=16", image_size: 16}
augment: {preset: cifar10}
model: {encoder: resnet18, width: 0.125, stem: cifar, head: {out: 8}}
optimizer: {warmup_epochs: 0}
train: {epochs: 2, global_batch: 16, precision: fp32}
)";

v1::TrainerOrder StartOrder(const std::string& root) {
  v1::TrainerOrder order;
  v1::TrainerStart& start = *order.mutable_start();
  start.set_artifact_root(root);
  start.set_device(v1::DEVICE_CPU);
  start.set_threads(1);
  start.set_cache_bytes(1 << 20);
  v1::DesiredRank& rank = *start.mutable_rank();
  rank.set_job_id("j-1");
  rank.set_attempt(3);
  rank.set_world_size(1);
  rank.set_spec_hash("0a1b");
  *rank.mutable_spec() = WithDefaults(ParseJobFile(kTinyJob, "job.yaml")->front());
  return order;
}

v1::TrainerOrder DrainOrder() {
  v1::TrainerOrder order;
  order.mutable_drain();
  return order;
}

std::vector<v1::TrainerReport::ReportCase> Cases(const FakeAgentLink& link) {
  std::vector<v1::TrainerReport::ReportCase> cases;
  for (const v1::TrainerReport& report : link.reports()) cases.push_back(report.report_case());
  return cases;
}

TEST(TrainerRun, TellsTheAgentTheWholeStoryInOrder) {
  const TemporaryDirectory root;
  FakeAgentLink link;
  link.Order(StartOrder(root.path()));
  const engine::RunEnd end = RunForAgent({"j-1", 3, 0, ""}, link);
  EXPECT_EQ(end.end, engine::EndClass::kSuccess) << end.message;
  using Report = v1::TrainerReport;
  EXPECT_THAT(Cases(link), ElementsAre(Report::kHello, Report::kStarted, Report::kMetrics, Report::kMetrics,
                                       Report::kCheckpoint, Report::kMetrics, Report::kMetrics,
                                       Report::kCheckpoint, Report::kEnd));
  const std::vector<Report> reports = link.reports();
  EXPECT_EQ(reports[0].hello().job_id(), "j-1");
  EXPECT_EQ(reports[0].hello().attempt(), 3);
  EXPECT_EQ(reports[1].started().total_steps(), 4);
  EXPECT_EQ(reports[1].started().precision(), "fp32");
  EXPECT_EQ(reports[2].metrics().step(), 1);
  EXPECT_EQ(reports[2].metrics().values().count("loss"), 1u);
  EXPECT_EQ(reports[4].checkpoint().path(), "j-1/checkpoints/a3-s2");
  EXPECT_EQ(reports[4].checkpoint().digest().size(), 64u);
  EXPECT_EQ(reports[8].end().failure(), v1::FAILURE_CLASS_SUCCESS);
  EXPECT_EQ(reports[8].end().step(), 4);
}

TEST(TrainerRun, EndsDrainedWhereItIsAskedToStopBeforeItStarts) {
  FakeAgentLink link;
  link.Order(DrainOrder());
  EXPECT_EQ(RunForAgent({"j-1", 1, 0, ""}, link).end, engine::EndClass::kDrained);
  EXPECT_EQ(link.reports().back().end().failure(), v1::FAILURE_CLASS_DRAINED);
}

TEST(TrainerRun, DrainsAfterAStepAndSaves) {
  const TemporaryDirectory root;
  FakeAgentLink link;
  v1::TrainerOrder start = StartOrder(root.path());
  start.mutable_start()->mutable_rank()->mutable_spec()->mutable_train()->set_epochs(1000);
  link.Order(start);
  link.Order(DrainOrder());
  const engine::RunEnd end = RunForAgent({"j-1", 3, 0, ""}, link);
  EXPECT_EQ(end.end, engine::EndClass::kDrained) << end.message;
  EXPECT_LT(end.step, 2000);
}

TEST(TrainerRun, EndsWhereTheAgentGoesAwayBeforeTheStart) {
  FakeAgentLink link;
  link.Lose();
  EXPECT_EQ(RunForAgent({"j-1", 1, 0, ""}, link).end, engine::EndClass::kPeerLost);
}

TEST(TrainerRun, EndsWithTheReasonWhereItsStartIsRefusedAtTheDoor) {
  FakeAgentLink link;
  v1::TrainerOrder start = StartOrder("/artifacts");
  for (int i = 0; i < 65; ++i) start.mutable_start()->add_data_roots("/data");
  link.Order(start);
  const engine::RunEnd end = RunForAgent({"j-1", 1, 0, ""}, link);
  EXPECT_EQ(end.end, engine::EndClass::kCrash);
  EXPECT_EQ(
      end.message,
      "an order of the agent is refused: TrainerOrder.start.data_roots has 65 items; at most 64 are allowed");
  EXPECT_EQ(link.reports().back().end().message(), end.message);
}

TEST(TrainerRun, TakesTheOrdersOfANewerAgentForWhatItKnowsOfThem) {
  const TemporaryDirectory root;
  FakeAgentLink link;
  v1::TrainerOrder start = StartOrder(root.path());
  start.mutable_start()->set_device(static_cast<v1::Device>(99));
  link.Order(start);
  EXPECT_EQ(RunForAgent({"j-1", 3, 0, ""}, link).end, engine::EndClass::kSuccess);
}

TEST(TrainerRun, GoesOnTrainingWithoutItsAgent) {
  const TemporaryDirectory root;
  FakeAgentLink link;
  OrderInbox inbox(link);
  Reporter reporter({"j-1", 3, 0, ""}, link, inbox);
  link.Lose();
  const v1::TrainerStart start = StartOrder(root.path()).start();
  const engine::RunEnd end = engine::Run(ToJobConfig(start), ToRunOptions(start), reporter);
  EXPECT_EQ(end.end, engine::EndClass::kSuccess) << end.message;
  EXPECT_EQ(end.step, 4);
}

TEST(ToRunOptions, CarriesWhatTheAgentSays) {
  v1::TrainerStart start = StartOrder("/artifacts").start();
  start.set_address("10.0.0.7");
  start.add_data_roots("/data");
  start.mutable_rank()->set_rank(1);
  start.mutable_rank()->set_precision("bf16");
  v1::Checkpoint& checkpoint = *start.mutable_rank()->add_resume();
  start.mutable_rank()->set_nonce("1f2e3d4c5b6a7980");
  checkpoint.set_path("j-1/checkpoints/a2-s5");
  checkpoint.set_step(5);
  const engine::RunOptions options = ToRunOptions(start);
  EXPECT_EQ(options.job_directory, "j-1");
  EXPECT_EQ(options.rank, 1);
  EXPECT_EQ(options.attempt, 3);
  EXPECT_EQ(options.nonce, "1f2e3d4c5b6a7980");
  EXPECT_EQ(options.address, "10.0.0.7");
  EXPECT_EQ(options.precision, "bf16");
  EXPECT_EQ(options.data_roots, std::vector<std::string>{"/data"});
  ASSERT_EQ(options.resume.size(), 1u);
  EXPECT_EQ(options.resume[0].path, "j-1/checkpoints/a2-s5");
  EXPECT_EQ(ToJobConfig(start).data.cache_bytes, 1 << 20);
}

}  // namespace
}  // namespace simclr::trainer
