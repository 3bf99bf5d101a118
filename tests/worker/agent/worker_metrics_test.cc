#include "worker/agent/worker_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <string>

#include "tests/support/closed_labels.h"
#include "worker/agent/metric_list.h"

namespace simclr::agent {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string TextOf(const AgentView& view) {
  const std::vector<prometheus::MetricFamily> families = WorkerMetrics([&] { return view; }).Collect();
  ExpectClosedLabels(WorkerMetricList(), families);
  return prometheus::TextSerializer().Serialize(families);
}

v1::DesiredRank Rank(int rank, int attempt = 1, v1::JobKind kind = v1::JOB_KIND_PRETRAIN) {
  v1::DesiredRank wanted;
  wanted.set_job_id("j-1");
  wanted.set_attempt(attempt);
  wanted.set_rank(rank);
  wanted.mutable_spec()->set_kind(kind);
  wanted.mutable_spec()->mutable_train()->set_global_batch(256);
  return wanted;
}

v1::TrainerReport Measured(const std::string& name, double value) {
  v1::TrainerReport report;
  report.mutable_metrics()->set_step(42);
  report.mutable_metrics()->set_epoch(1.5);
  (*report.mutable_metrics()->mutable_values())[name] = value;
  return report;
}

v1::TrainerReport Totals(std::int64_t steps) {
  v1::TrainerReport report;
  v1::TrainerTotals& totals = *report.mutable_totals();
  totals.set_steps(steps);
  totals.set_images(steps * 128);
  totals.set_bad_images(7);
  (*totals.mutable_seconds())["data"] = 0.5;
  (*totals.mutable_seconds())["reduce"] = 0.25;
  (*totals.mutable_seconds())["decode"] = 2;
  const std::vector<double>& bounds = WorkerMetricList()["simclr_train_step_duration_seconds"].buckets;
  v1::Histogram& durations = *totals.mutable_step_seconds();
  durations.mutable_bounds()->Assign(bounds.begin(), bounds.end());
  durations.mutable_counts()->Resize(static_cast<int>(bounds.size()) + 1, 0);
  durations.set_counts(1, steps);
  durations.set_sum(0.01 * static_cast<double>(steps));
  return report;
}

class WorkerMetricsTest : public ::testing::Test {
 protected:
  void Tell(int rank, const v1::TrainerReport& report, int attempt = 1) {
    view_.figures.OnReport({"j-1", attempt, rank, ""}, report, absl::FromUnixSeconds(1000));
  }
  void End(int rank) {
    v1::ReportExitRequest exit;
    exit.set_job_id("j-1");
    exit.set_attempt(1);
    exit.set_rank(rank);
    exit.set_failure(v1::FAILURE_CLASS_SUCCESS);
    view_.figures.OnExit(exit, /*in_checkpoint=*/false, absl::ZeroDuration());
  }
  std::string text() const { return TextOf(view_); }

  AgentView view_;
};

TEST_F(WorkerMetricsTest, ShowTheAgent) {
  view_.observed.set_worker("worker-1");
  view_.observed.set_version("1.2");
  view_.connected = true;
  view_.outbox.facts = 2;
  view_.outbox.metrics = 1;
  view_.term = 4;
  view_.last_ack = absl::FromUnixSeconds(1700);
  for (const bool usable : {true, true, false}) view_.observed.add_slots()->set_usable(usable);
  view_.observed.add_ranks()->set_activity(v1::ACTIVITY_COLLECTIVE);
  EXPECT_THAT(text(), HasSubstr("simclr_build_info{component=\"worker\",version=\"1.2\",grpc=\"1."));
  EXPECT_THAT(text(), HasSubstr("simclr_worker_info{worker=\"worker-1\",version=\"1.2\",device=\"cpu\","
                                "gpu_name=\"\",driver=\"\"} 1\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_worker_coordinator_connected 1\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_worker_heartbeat_ack_timestamp_seconds 1700\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_worker_seen_term 4\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_worker_spooled_reports 3\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_worker_draining 0\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_worker_slots{state=\"free\"} 1\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_worker_slots{state=\"allocated\"} 1\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_worker_slots{state=\"unusable\"} 1\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_worker_trainers{activity=\"collective\"} 1\n"));
  EXPECT_THAT(text(), HasSubstr("process_resident_memory_bytes"));
}

TEST_F(WorkerMetricsTest, CountWhatWasRefusedAtTheDoor) {
  EXPECT_THAT(text(), HasSubstr("refused_messages_total{message=\"Desired\",reason=\"range\"} 0\n"));
  view_.refused[{"Desired", "range"}] = 2;
  EXPECT_THAT(text(), HasSubstr("refused_messages_total{message=\"Desired\",reason=\"range\"} 2\n"));
  EXPECT_THAT(text(),
              HasSubstr("refused_messages_total{message=\"TrainerReport\",reason=\"unreadable\"} 0\n"));
}

TEST_F(WorkerMetricsTest, CountEverySlotOnceWhileDraining) {
  for (int slot = 0; slot < 2; ++slot) view_.observed.add_slots()->set_usable(false);
  view_.observed.add_ranks();
  EXPECT_THAT(text(), HasSubstr("simclr_worker_slots{state=\"free\"} 0\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_worker_slots{state=\"allocated\"} 1\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_worker_slots{state=\"unusable\"} 1\n"));
}

TEST_F(WorkerMetricsTest, ShowEveryKnownLabelFromTheStart) {
  EXPECT_THAT(text(), HasSubstr("simclr_worker_trainers{activity=\"eval\"} 0\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_worker_trainer_exits_total{class=\"out_of_memory\"} 0\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_checkpoint_writes_total{result=\"ok\"} 0\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_checkpoint_write_seconds_count 0\n"));
  EXPECT_THAT(text(), AllOf(Not(HasSubstr("unspecified")), Not(HasSubstr("worker_lost"))));
  view_.figures.OnStart(Rank(0));
  EXPECT_THAT(text(), HasSubstr("simclr_train_steps_total{job_id=\"j-1\",rank=\"0\"} 0\n"));
  EXPECT_THAT(text(),
              HasSubstr("simclr_train_phase_seconds_total{job_id=\"j-1\",rank=\"0\",phase=\"bn_sync\"} 0\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_train_step_duration_seconds_count{job_id=\"j-1\"} 0\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_train_nonfinite_total{job_id=\"j-1\"} 0\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_loader_samples_total{job_id=\"j-1\",result=\"bad\"} 0\n"));
}

TEST_F(WorkerMetricsTest, CountWhatEachRankDid) {
  view_.figures.OnStart(Rank(1));
  Tell(1, Totals(10));
  EXPECT_THAT(text(), HasSubstr("simclr_train_steps_total{job_id=\"j-1\",rank=\"1\"} 10\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_train_images_total{job_id=\"j-1\",rank=\"1\"} 1280\n"));
  for (const char* series :
       {"simclr_train_phase_seconds_total{job_id=\"j-1\",rank=\"1\",phase=\"data_wait\"} 0.5\n",
        "simclr_train_phase_seconds_total{job_id=\"j-1\",rank=\"1\",phase=\"allreduce_exposed\"} 0.25\n",
        "simclr_loader_busy_seconds_total{job_id=\"j-1\",rank=\"1\",stage=\"decode\"} 2\n",
        "simclr_train_step_duration_seconds_bucket{job_id=\"j-1\",le=\"0.005\"} 0\n",
        "simclr_train_step_duration_seconds_bucket{job_id=\"j-1\",le=\"0.01\"} 10\n",
        "simclr_train_step_duration_seconds_sum{job_id=\"j-1\"} 0.1\n"}) {
    EXPECT_THAT(text(), HasSubstr(series));
  }
}

TEST_F(WorkerMetricsTest, AddUpTheRanksOfAJobThatAreHere) {
  view_.figures.OnStart(Rank(0));
  view_.figures.OnStart(Rank(1));
  Tell(0, Totals(10));
  Tell(1, Totals(10));
  EXPECT_THAT(text(), HasSubstr("simclr_train_step_duration_seconds_count{job_id=\"j-1\"} 20\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_loader_samples_total{job_id=\"j-1\",result=\"ok\"} 2546\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_loader_samples_total{job_id=\"j-1\",result=\"bad\"} 14\n"));
}

// Seen at the scrape, where a sum that goes down reads as a restart.
TEST_F(WorkerMetricsTest, NeverLetASumOverRanksGoDown) {
  view_.figures.OnStart(Rank(0));
  view_.figures.OnStart(Rank(1));
  Tell(0, Totals(10));
  Tell(1, Totals(10));
  End(1);
  view_.figures.Forget(kSeriesKept);
  EXPECT_THAT(text(), Not(HasSubstr("rank=\"1\"")));
  EXPECT_THAT(text(), HasSubstr("simclr_train_step_duration_seconds_count{job_id=\"j-1\"} 20\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_loader_samples_total{job_id=\"j-1\",result=\"ok\"} 2546\n"));
}

TEST_F(WorkerMetricsTest, ShowWhatARankHoldsOnlyWhileItLives) {
  view_.figures.OnStart(Rank(0));
  Tell(0, Measured("memory_bytes", 1e9));
  Tell(0, Measured("queue_depth", 4));
  Tell(0, Measured("loss", 5.5));
  End(0);
  EXPECT_THAT(text(), AllOf(Not(HasSubstr("simclr_trainer_memory_bytes")),
                            Not(HasSubstr("simclr_loader_queue_depth"))));
  EXPECT_THAT(text(), HasSubstr("simclr_train_loss{job_id=\"j-1\"} 5.5\n")) << "its last value is scraped";
}

TEST_F(WorkerMetricsTest, ShowTheNewestValueOfEachMeasureOfAJob) {
  view_.figures.OnStart(Rank(0));
  Tell(0, Measured("effective_rank", 31));
  Tell(0, Measured("loss", 5.5));
  Tell(0, Measured("contrastive_accuracy", 0.5));
  Tell(0, Measured("contrastive_accuracy_top5", 0.75));
  Tell(0, Measured("feature_std", 0.9));
  EXPECT_THAT(text(), HasSubstr("simclr_train_embedding_effective_rank{job_id=\"j-1\"} 31\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_train_loss{job_id=\"j-1\"} 5.5\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_train_contrastive_accuracy_ratio{job_id=\"j-1\",topk=\"1\"} 0.5\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_train_contrastive_accuracy_ratio{job_id=\"j-1\",topk=\"5\"} 0.75\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_train_embedding_std_normalized{job_id=\"j-1\",space=\"h\"} 0.9\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_train_contrastive_candidates{job_id=\"j-1\"} 256\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_train_global_step{job_id=\"j-1\"} 42\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_train_epoch{job_id=\"j-1\"} 1.5\n"));
}

TEST_F(WorkerMetricsTest, LetRankZeroAloneSpeakForTheJobAndEachRankForItself) {
  view_.figures.OnStart(Rank(1));
  Tell(1, Measured("loss", 5.5));
  Tell(1, Measured("memory_bytes", 1e9));
  EXPECT_THAT(text(), Not(HasSubstr("simclr_train_loss")));
  EXPECT_THAT(text(), HasSubstr("simclr_trainer_memory_bytes{job_id=\"j-1\",rank=\"1\"} 1000000000\n"));
}

TEST_F(WorkerMetricsTest, ShowCheckpoints) {
  view_.figures.OnStart(Rank(0));
  v1::TrainerReport written = Totals(10);
  const std::vector<double>& bounds = WorkerMetricList()["simclr_checkpoint_write_seconds"].buckets;
  v1::Histogram& seconds = *written.mutable_totals()->mutable_checkpoint_seconds();
  seconds.mutable_bounds()->Assign(bounds.begin(), bounds.end());
  seconds.mutable_counts()->Resize(static_cast<int>(bounds.size()) + 1, 0);
  seconds.set_counts(0, 2);
  seconds.set_sum(0.125);
  (*written.mutable_totals()->mutable_seconds())["checkpoint"] = 0.25;
  Tell(0, written);
  v1::TrainerReport report;
  report.mutable_checkpoint()->set_bytes(4096);
  Tell(0, report);
  EXPECT_THAT(text(), HasSubstr("simclr_checkpoint_writes_total{result=\"ok\"} 2\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_checkpoint_write_seconds_sum 0.125\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_checkpoint_blocked_seconds_total{job_id=\"j-1\"} 0.25\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_checkpoint_last_success_timestamp_seconds{job_id=\"j-1\"} 1000\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_checkpoint_size_bytes{job_id=\"j-1\"} 4096\n"));
}

TEST_F(WorkerMetricsTest, ShowAnEvaluationAsSuch) {
  view_.figures.OnStart(Rank(0, 1, v1::JOB_KIND_LINEAR_EVAL));
  Tell(0, Totals(3));
  Tell(0, Measured("eval/top1", 0.5));
  Tell(0, Measured("eval/loss", 1.25));
  EXPECT_THAT(text(), HasSubstr("simclr_eval_accuracy_ratio{job_id=\"j-1\",topk=\"1\"} 0.5\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_eval_loss{job_id=\"j-1\"} 1.25\n"));
  EXPECT_THAT(text(), Not(HasSubstr("simclr_train_")));
}

TEST_F(WorkerMetricsTest, ShowGpusWithWhatTheyTell) {
  v1::Slot& slot = *view_.observed.add_slots();
  slot.set_device(v1::DEVICE_CUDA);
  slot.set_name("Fake GPU");
  view_.gpus.driver = "570.1";
  view_.gpus.gpus.resize(2);
  view_.gpus.gpus[0].used_bytes = 1 << 20;
  view_.gpus.gpus[0].utilization = 0.75;
  view_.gpus.gpus[1].error = "NVML error 15";
  EXPECT_THAT(text(), HasSubstr("device=\"cuda\",gpu_name=\"Fake GPU\",driver=\"570.1\"} 1\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_gpu_memory_used_bytes{gpu=\"0\"} 1048576\n"));
  EXPECT_THAT(text(), HasSubstr("simclr_gpu_utilization_ratio{gpu=\"0\"} 0.75\n"));
  EXPECT_THAT(text(), AllOf(Not(HasSubstr("gpu_power_watts")), Not(HasSubstr("gpu=\"1\""))));
}

TEST_F(WorkerMetricsTest, LeaveOutAHistogramOfAnotherBuild) {
  view_.figures.OnStart(Rank(0));
  v1::TrainerReport other = Totals(1);
  other.mutable_totals()->mutable_step_seconds()->set_bounds(0, 0.001);
  Tell(0, other);
  EXPECT_THAT(text(), Not(HasSubstr("simclr_train_step_duration_seconds")));
  EXPECT_THAT(text(), HasSubstr("simclr_train_steps_total{job_id=\"j-1\",rank=\"0\"} 1\n"));
}

}  // namespace
}  // namespace simclr::agent
