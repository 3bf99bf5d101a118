#include "coordinator/metrics/job_gauges.h"

#include <algorithm>
#include <optional>

#include "absl/strings/string_view.h"
#include "common/metrics/scrape.h"
#include "coordinator/metrics/metric_list.h"
#include "coordinator/metrics/seconds.h"
#include "coordinator/metrics/words.h"

namespace simclr::coordinator {
namespace {

bool IsLive(v1::Phase phase) {
  return phase == v1::PHASE_STARTING || phase == v1::PHASE_RUNNING || phase == v1::PHASE_STOPPING;
}

// "folder" of "folder:/data/images": paths are no label values.
std::string SourceKind(const v1::Job& job) {
  const std::string& source = job.spec().data().source();
  return source.substr(0, source.find(':'));
}

void AddIdentity(const v1::Job& job, Scrape& scrape) {
  scrape.Add("simclr_job_info",
             {job.id(), job.spec().name(), Word(job.spec().kind()), job.owner(), job.spec().model().encoder(),
              SourceKind(job)},
             1);
  for (const v1::Phase phase : AllPhases()) {
    scrape.Add("simclr_job_phase", {job.id(), Word(phase)}, phase == job.status().phase() ? 1 : 0);
  }
}

// At the mean speed of the running attempt; empty: it has no finished step yet.
std::optional<double> ExpectedEnd(const v1::JobStatus& status, double now) {
  if (status.phase() != v1::PHASE_RUNNING || status.attempts().empty()) return std::nullopt;
  const double started = Seconds(status.attempts().rbegin()->running_at());
  const auto done = static_cast<double>(status.step() - status.resumed_from_step());
  if (done <= 0) return std::nullopt;
  const auto left = static_cast<double>(status.total_steps() - status.step());
  return now + left * (now - started) / done;
}

void AddProgress(const v1::Job& job, absl::Time now, Scrape& scrape) {
  const v1::JobStatus& status = job.status();
  const std::vector<std::string> id = {job.id()};
  const auto step = static_cast<double>(status.step());
  scrape.Add("simclr_job_step", id, step);
  scrape.Add("simclr_job_attempt", id, status.attempt());
  if (status.phase() == v1::PHASE_RUNNING && !status.attempts().empty()) {
    scrape.Add("simclr_job_running_timestamp_seconds", id, Seconds(status.attempts().rbegin()->running_at()));
  }
  if (status.total_steps() > 0) {
    const auto total = static_cast<double>(status.total_steps());
    scrape.Add("simclr_job_total_steps", id, total);
    scrape.Add("simclr_job_progress_ratio", id, step / total);
  }
  if (const auto end = ExpectedEnd(status, absl::ToDoubleSeconds(now - absl::UnixEpoch()))) {
    scrape.Add("simclr_job_eta_timestamp_seconds", id, *end);
  }
}

void AddCheckpoint(const JobView& job, Scrape& scrape) {
  if (const v1::CheckpointPolicy& policy = job.job.spec().checkpoint(); policy.has_every_minutes()) {
    scrape.Add("simclr_job_checkpoint_interval_seconds", {job.job.id()}, policy.every_minutes() * 60);
  }
  if (!job.checkpoint) return;
  scrape.Add("simclr_job_checkpoint_last_commit_timestamp_seconds", {job.job.id()},
             Seconds(job.checkpoint->committed_at()));
  scrape.Add("simclr_job_checkpoint_size_bytes", {job.job.id()},
             static_cast<double>(job.checkpoint->bytes()));
}

void AddValue(const google::protobuf::Map<std::string, double>& values, const std::string& key,
              const char* metric, const std::vector<std::string>& label_values, Scrape& scrape) {
  if (const auto value = values.find(key); value != values.end()) {
    scrape.Add(metric, label_values, value->second);
  }
}

void AddSample(const std::string& id, const v1::StepMetrics& sample, Scrape& scrape) {
  AddValue(sample.values(), "loss", "simclr_job_loss", {id}, scrape);
  AddValue(sample.values(), "images_per_second", "simclr_job_images_per_second", {id}, scrape);
}

// The newest finished evaluation of each pre-training job.
std::map<std::string, const JobView*> NewestEvaluations(const std::vector<JobView>& jobs) {
  std::map<std::string, const JobView*> newest;
  for (const JobView& job : jobs) {
    const bool finished = job.job.spec().kind() == v1::JOB_KIND_LINEAR_EVAL &&
                          job.job.status().phase() == v1::PHASE_SUCCEEDED && !job.job.spec().after().empty();
    if (!finished) continue;
    const JobView*& kept = newest[job.job.spec().after()];
    const bool later =
        kept == nullptr || Seconds(job.job.status().ended_at()) >= Seconds(kept->job.status().ended_at());
    if (later) kept = &job;
  }
  return newest;
}

void AddEvaluation(const std::string& id, const JobView& evaluation, Scrape& scrape) {
  const auto& results = evaluation.job.status().results();
  for (const char* k : {"1", "5"}) {
    const std::string key = std::string("linear_eval/top") + k;
    AddValue(results, key, "simclr_job_linear_eval_accuracy_ratio", {id, k}, scrape);
    AddValue(results, key + "_random", "simclr_job_linear_eval_random_accuracy_ratio", {id, k}, scrape);
  }
  AddValue(results, "knn/top1", "simclr_job_knn_accuracy_ratio", {id}, scrape);
  scrape.Add("simclr_job_linear_eval_step", {id}, static_cast<double>(evaluation.evaluated_step));
}

}  // namespace

std::vector<prometheus::MetricFamily> JobGauges(const ClusterView& view, const NewestSamples& samples) {
  Scrape scrape(Metrics());
  for (const JobView& job : view.jobs) {
    AddIdentity(job.job, scrape);
    AddProgress(job.job, view.now, scrape);
    AddCheckpoint(job, scrape);
    const auto sample = samples.find(job.job.id());
    if (sample != samples.end()) AddSample(job.job.id(), sample->second, scrape);
  }
  for (const auto& [id, evaluation] : NewestEvaluations(view.jobs)) AddEvaluation(id, *evaluation, scrape);
  return scrape.Take();
}

std::size_t LimitJobs(std::vector<JobView>& jobs, std::size_t limit) {
  if (jobs.size() <= limit) return 0;
  std::reverse(jobs.begin(), jobs.end());  // newest first
  std::stable_partition(jobs.begin(), jobs.end(),
                        [](const JobView& job) { return IsLive(job.job.status().phase()); });
  const std::size_t dropped = jobs.size() - limit;
  jobs.resize(limit);
  return dropped;
}

}  // namespace simclr::coordinator
