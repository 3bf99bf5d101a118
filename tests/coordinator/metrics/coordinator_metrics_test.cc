#include "coordinator/metrics/coordinator_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

namespace simclr::coordinator {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

v1::Job JobIn(v1::Phase phase, v1::Reason reason = v1::REASON_UNSPECIFIED) {
  v1::Job job;
  job.set_id("j-1");
  job.mutable_spec()->set_kind(v1::JOB_KIND_PRETRAIN);
  job.mutable_status()->set_phase(phase);
  job.mutable_status()->set_reason(reason);
  job.mutable_status()->set_step(7);
  return job;
}

class CoordinatorMetricsTest : public ::testing::Test {
 protected:
  std::string Scrape() { return prometheus::TextSerializer().Serialize(metrics_.Collect()); }

  ClusterView view_;
  CoordinatorMetrics metrics_{[this] { return view_; }};
};

TEST_F(CoordinatorMetricsTest, CountsJobsInEachPhaseWithZeros) {
  view_.jobs = {JobIn(v1::PHASE_RUNNING)};
  const std::string text = Scrape();
  EXPECT_THAT(text, HasSubstr("simclr_coordinator_jobs{kind=\"pretrain\",phase=\"running\"} 1"));
  EXPECT_THAT(text, HasSubstr("simclr_coordinator_jobs{kind=\"pretrain\",phase=\"failed\"} 0"));
}

TEST_F(CoordinatorMetricsTest, SaysWhyJobsWait) {
  view_.jobs = {JobIn(v1::PHASE_QUEUED, v1::REASON_NO_SUCH_CAPACITY)};
  EXPECT_THAT(Scrape(), HasSubstr("simclr_coordinator_jobs_pending{reason=\"no_such_capacity\"} 1"));
}

TEST_F(CoordinatorMetricsTest, ShowsStepLossAndPartsOfARunningJobOnly) {
  v1::PushMetricsRequest push;
  push.set_job_id("j-1");
  v1::StepMetrics& sample = *push.add_samples();
  sample.set_step(7);
  (*sample.mutable_values())["loss"] = 5.5;
  (*sample.mutable_values())["images_per_second"] = 100;
  (*sample.mutable_values())["seconds/data"] = 0.25;
  metrics_.OnSamples(push);
  view_.jobs = {JobIn(v1::PHASE_RUNNING)};
  const std::string running = Scrape();
  EXPECT_THAT(running, HasSubstr("simclr_job_step{job_id=\"j-1\"} 7"));
  EXPECT_THAT(running, HasSubstr("simclr_job_loss{job_id=\"j-1\"} 5.5"));
  EXPECT_THAT(running, HasSubstr("simclr_job_images_per_second{job_id=\"j-1\"} 100"));
  EXPECT_THAT(running, HasSubstr("simclr_job_step_part_seconds{job_id=\"j-1\",part=\"data\"} 0.25"));
  view_.jobs = {JobIn(v1::PHASE_SUCCEEDED)};
  EXPECT_THAT(Scrape(), Not(HasSubstr("job_id=\"j-1\"")));
}

TEST_F(CoordinatorMetricsTest, CountsEndedAttemptsAndRestartsByClass) {
  v1::Event event;
  event.mutable_attempt_ended()->set_failure(v1::FAILURE_CLASS_WORKER_LOST);
  event.mutable_attempt_ended()->set_phase(v1::PHASE_QUEUED);
  metrics_.OnEvent(event);
  const std::string text = Scrape();
  EXPECT_THAT(text, HasSubstr("simclr_coordinator_attempts_ended_total{class=\"worker_lost\"} 1"));
  EXPECT_THAT(text,
              HasSubstr("simclr_coordinator_restarts_total{class=\"worker_lost\",counted=\"false\"} 1"));
}

TEST_F(CoordinatorMetricsTest, ShowsTheAgeOfTheNewestCheckpoint) {
  v1::Event event;
  v1::Checkpoint& checkpoint = *event.mutable_checkpoint_committed()->mutable_checkpoint();
  checkpoint.set_job_id("j-1");
  checkpoint.mutable_committed_at()->set_seconds(100);
  metrics_.OnEvent(event);
  view_.jobs = {JobIn(v1::PHASE_RUNNING)};
  view_.now = absl::FromUnixSeconds(130);
  EXPECT_THAT(Scrape(), HasSubstr("simclr_job_checkpoint_age_seconds{job_id=\"j-1\"} 30"));
}

TEST_F(CoordinatorMetricsTest, CountsWorkersAndSlotsByState) {
  v1::Worker worker;
  worker.set_state(v1::WORKER_STATE_UNKNOWN);
  v1::Slot& slot = *worker.add_slots();
  slot.set_device(v1::DEVICE_CPU);
  slot.set_usable(true);
  slot.set_job_id("j-9");
  view_.workers = {worker};
  const std::string text = Scrape();
  EXPECT_THAT(text, HasSubstr("simclr_coordinator_workers{state=\"unknown\"} 1"));
  EXPECT_THAT(text, HasSubstr("simclr_coordinator_workers{state=\"lost\"} 0"));
  EXPECT_THAT(text, HasSubstr("simclr_coordinator_slots{device=\"cpu\",state=\"allocated\"} 1"));
}

TEST_F(CoordinatorMetricsTest, CountsStaleWritesByOperation) {
  metrics_.OnStaleRefused("checkpoint");
  EXPECT_THAT(Scrape(), HasSubstr("simclr_coordinator_stale_writes_total{operation=\"checkpoint\"} 1"));
}

}  // namespace
}  // namespace simclr::coordinator
