#include "coordinator/metrics/job_gauges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/coordinator/metrics/metrics_text.h"

namespace simclr::coordinator {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

JobView Running() {
  JobView view;
  view.job = JobIn(v1::PHASE_RUNNING);
  view.job.set_owner("ann");
  view.job.mutable_spec()->set_name("birds");
  view.job.mutable_spec()->mutable_model()->set_encoder("resnet18");
  view.job.mutable_spec()->mutable_data()->set_source("folder:/data/birds");
  v1::JobStatus& status = *view.job.mutable_status();
  status.set_step(30);
  status.set_resumed_from_step(10);
  status.set_total_steps(50);
  status.set_attempt(2);
  status.add_attempts()->mutable_running_at()->set_seconds(1000);
  return view;
}

JobView Evaluation(const std::string& id, int ended_at, double top1) {
  JobView view;
  view.job = JobIn(v1::PHASE_SUCCEEDED, v1::REASON_UNSPECIFIED, id);
  view.job.mutable_spec()->set_kind(v1::JOB_KIND_LINEAR_EVAL);
  view.job.mutable_spec()->set_after("j-0");
  view.job.mutable_status()->mutable_ended_at()->set_seconds(ended_at);
  (*view.job.mutable_status()->mutable_results())["linear_eval/top1"] = top1;
  (*view.job.mutable_status()->mutable_results())["linear_eval/top1_random"] = 0.25;
  (*view.job.mutable_status()->mutable_results())["knn/top1"] = 0.5;
  view.evaluated_step = 700;
  return view;
}

std::string Show(const std::vector<JobView>& jobs, const NewestSamples& samples = {}) {
  ClusterView view;
  view.jobs = jobs;
  view.now = absl::FromUnixSeconds(1040);
  return Text(JobGauges(view, samples));
}

TEST(JobGauges, NameAJobWithoutItsPaths) {
  EXPECT_THAT(Show({Running()}),
              HasSubstr("simclr_job_info{job_id=\"j-1\",name=\"birds\",kind=\"pretrain\",owner=\"ann\","
                        "encoder=\"resnet18\",source=\"folder\"} 1"));
}

TEST(JobGauges, PhaseIsAStateSet) {
  const std::string text = Show({Running()});
  EXPECT_THAT(text, HasSubstr("simclr_job_phase{job_id=\"j-1\",phase=\"running\"} 1"));
  EXPECT_THAT(text, HasSubstr("simclr_job_phase{job_id=\"j-1\",phase=\"queued\"} 0"));
}

TEST(JobGauges, ShowProgressAndExpectTheEndAtTheSpeedOfTheAttempt) {
  const std::string text = Show({Running()});  // 20 steps in 40 seconds, 20 are left
  EXPECT_THAT(text, HasSubstr("simclr_job_step{job_id=\"j-1\"} 30"));
  EXPECT_THAT(text, HasSubstr("simclr_job_progress_ratio{job_id=\"j-1\"} 0.6"));
  EXPECT_THAT(text, HasSubstr("simclr_job_attempt{job_id=\"j-1\"} 2"));
  EXPECT_THAT(text, HasSubstr("simclr_job_eta_timestamp_seconds{job_id=\"j-1\"} 1080"));
}

TEST(JobGauges, TellSinceWhenAJobRunsOnlyWhileItDoes) {
  JobView job = Running();
  EXPECT_THAT(Show({job}), HasSubstr("simclr_job_running_timestamp_seconds{job_id=\"j-1\"} 1000\n"));
  job.job.mutable_status()->set_phase(v1::PHASE_QUEUED);
  EXPECT_THAT(Show({job}), Not(HasSubstr("simclr_job_running_timestamp_seconds")));
}

TEST(JobGauges, ExpectNoEndBeforeTheFirstStep) {
  JobView job = Running();
  job.job.mutable_status()->set_step(10);
  EXPECT_THAT(Show({job}), Not(HasSubstr("eta_timestamp")));
}

TEST(JobGauges, ShowTheNewestCheckpointAndSample) {
  JobView job = Running();
  job.checkpoint.emplace();
  job.checkpoint->set_bytes(12345);
  job.checkpoint->mutable_committed_at()->set_seconds(900);
  v1::StepMetrics sample;
  (*sample.mutable_values())["loss"] = 5.5;
  const std::string text = Show({job}, {{"j-1", sample}});
  EXPECT_THAT(text, HasSubstr("simclr_job_checkpoint_last_commit_timestamp_seconds{job_id=\"j-1\"} 900"));
  EXPECT_THAT(text, HasSubstr("simclr_job_checkpoint_size_bytes{job_id=\"j-1\"} 12345"));
  EXPECT_THAT(text, HasSubstr("simclr_job_loss{job_id=\"j-1\"} 5.5"));
  EXPECT_THAT(text, Not(HasSubstr("simclr_job_images_per_second")));
}

TEST(JobGauges, ShowHowOftenAJobIsToWriteCheckpoints) {
  JobView job = Running();
  EXPECT_THAT(Show({job}), Not(HasSubstr("checkpoint_interval")));
  job.job.mutable_spec()->mutable_checkpoint()->set_every_minutes(2.5);
  EXPECT_THAT(Show({job}), HasSubstr("simclr_job_checkpoint_interval_seconds{job_id=\"j-1\"} 150"));
}

TEST(JobGauges, ShowTheNewestEvaluationUnderThePretrainingJob) {
  const std::string text = Show({Evaluation("j-2", 90, 0.75), Evaluation("j-3", 80, 0.125)});
  EXPECT_THAT(text, HasSubstr("simclr_job_linear_eval_accuracy_ratio{job_id=\"j-0\",topk=\"1\"} 0.75"));
  EXPECT_THAT(text,
              HasSubstr("simclr_job_linear_eval_random_accuracy_ratio{job_id=\"j-0\",topk=\"1\"} 0.25"));
  EXPECT_THAT(text, HasSubstr("simclr_job_knn_accuracy_ratio{job_id=\"j-0\"} 0.5"));
  EXPECT_THAT(text, HasSubstr("simclr_job_linear_eval_step{job_id=\"j-0\"} 700"));
}

TEST(LimitJobs, KeepsLiveJobsAndThenTheNewest) {
  std::vector<JobView> jobs;
  for (const char* id : {"j-1", "j-2", "j-3", "j-4"}) {
    jobs.push_back({JobIn(v1::PHASE_QUEUED, v1::REASON_UNSPECIFIED, id), {}});
  }
  jobs[1].job.mutable_status()->set_phase(v1::PHASE_RUNNING);
  EXPECT_EQ(LimitJobs(jobs, 4), 0U);
  EXPECT_EQ(LimitJobs(jobs, 2), 2U);
  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_EQ(jobs[0].job.id(), "j-2");
  EXPECT_EQ(jobs[1].job.id(), "j-4");
}

}  // namespace
}  // namespace simclr::coordinator
