#include "worker/agent/trainer_series.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "worker/agent/metric_list.h"

namespace simclr::agent {
namespace {

using Labels = std::vector<std::string>;

// A measured value and the gauge that shows its newest.
struct MeasureGauge {
  const char* measure;
  const char* metric;
  const char* label = nullptr;  // value of the metric's last label, where it has one of its own
};

constexpr MeasureGauge kOfJob[] = {
    {"images_per_second", "simclr_train_images_per_second"},
    {"loss", "simclr_train_loss"},
    {"contrastive_accuracy", "simclr_train_contrastive_accuracy_ratio", "1"},
    {"contrastive_accuracy_top5", "simclr_train_contrastive_accuracy_ratio", "5"},
    {"contrastive_entropy", "simclr_train_contrastive_entropy_nats"},
    {"lr", "simclr_train_learning_rate"},
    {"temperature", "simclr_train_temperature"},
    {"gradient_norm", "simclr_train_grad_norm"},
    {"alignment", "simclr_train_alignment"},
    {"uniformity", "simclr_train_uniformity"},
    {"positive_similarity", "simclr_train_positive_similarity"},
    {"negative_similarity", "simclr_train_negative_similarity"},
    {"embedding_std", "simclr_train_embedding_std_normalized", "z"},
    {"feature_std", "simclr_train_embedding_std_normalized", "h"},
    {"effective_rank", "simclr_train_embedding_effective_rank"},
};
constexpr MeasureGauge kOfRank[] = {
    {"queue_depth", "simclr_loader_queue_depth"},
    {"queue_capacity", "simclr_loader_queue_capacity"},
    {"memory_bytes", "simclr_trainer_memory_bytes"},
    {"gpu_memory_allocated_bytes", "simclr_gpu_memory_allocated_bytes"},
    {"gpu_memory_reserved_bytes", "simclr_gpu_memory_reserved_bytes"},
};
constexpr MeasureGauge kOfEvaluation[] = {
    {"eval/top1", "simclr_eval_accuracy_ratio", "1"},
    {"eval/top5", "simclr_eval_accuracy_ratio", "5"},
    {"eval/loss", "simclr_eval_loss"},
    {"eval/epoch", "simclr_eval_epoch"},
};

// A part of TrainerTotals.seconds and the label that it has in the metrics.
struct Part {
  const char* name;
  const char* label;
};
constexpr Part kPhases[] = {{"data", "data_wait"},        {"h2d", "h2d"},
                            {"forward", "forward"},       {"gather", "gather"},
                            {"backward", "backward"},     {"reduce", "allreduce_exposed"},
                            {"norm_sync", "bn_sync"},     {"optimizer", "optimizer"},
                            {"checkpoint", "checkpoint"}, {"other", "other"}};
constexpr Part kStages[] = {{"decode", "decode"}, {"augment", "augment"}};

Labels With(Labels labels, const char* last) {
  if (last != nullptr) labels.emplace_back(last);
  return labels;
}

template <std::size_t N>
void AddGauges(const MeasureGauge (&gauges)[N], const RankFigures& rank, const Labels& labels,
               Scrape& scrape) {
  for (const MeasureGauge& gauge : gauges) {
    const auto value = rank.measures.find(gauge.measure);
    if (value != rank.measures.end()) scrape.Add(gauge.metric, With(labels, gauge.label), value->second);
  }
}

// An empty histogram counts as zeros; one with other bounds than the metric's is left out.
void AddHistogram(const char* metric, const Labels& labels, const v1::Histogram& histogram, Scrape& scrape) {
  const std::vector<double>& bounds = WorkerMetricList()[metric].buckets;
  std::vector<std::int64_t> counts(histogram.counts().begin(), histogram.counts().end());
  const bool empty = counts.empty();
  if (empty) counts.resize(bounds.size() + 1);
  if (!empty && !std::ranges::equal(histogram.bounds(), bounds)) return;
  if (counts.size() != bounds.size() + 1) return;
  scrape.AddHistogram(metric, labels, counts, histogram.sum());
}

double SecondsOf(const v1::TrainerTotals& totals, const char* part) {
  const auto seconds = totals.seconds().find(part);
  return seconds == totals.seconds().end() ? 0 : seconds->second;
}

// What each rank of a pre-training job counts.
void CollectCounters(const v1::TrainerTotals& totals, const Labels& job_and_rank, Scrape& scrape) {
  scrape.Add("simclr_train_steps_total", job_and_rank, static_cast<double>(totals.steps()));
  scrape.Add("simclr_train_images_total", job_and_rank, static_cast<double>(totals.images()));
  for (const Part& phase : kPhases) {
    scrape.Add("simclr_train_phase_seconds_total", With(job_and_rank, phase.label),
               SecondsOf(totals, phase.name));
  }
  for (const Part& stage : kStages) {
    scrape.Add("simclr_loader_busy_seconds_total", With(job_and_rank, stage.label),
               SecondsOf(totals, stage.name));
  }
}

// What rank 0 says about a whole pre-training job.
void CollectJob(const RankFigures& first, const v1::TrainerTotals& totals, const Labels& job,
                Scrape& scrape) {
  scrape.Add("simclr_train_contrastive_candidates", job, first.global_batch);
  scrape.Add("simclr_checkpoint_blocked_seconds_total", job, SecondsOf(totals, "checkpoint"));
  AddGauges(kOfJob, first, job, scrape);
  if (first.step > 0) {
    scrape.Add("simclr_train_global_step", job, static_cast<double>(first.step));
    scrape.Add("simclr_train_epoch", job, first.epoch);
  }
  if (first.checkpoint_at.has_value()) {
    scrape.Add("simclr_checkpoint_last_success_timestamp_seconds", job,
               absl::ToDoubleSeconds(*first.checkpoint_at - absl::UnixEpoch()));
    scrape.Add("simclr_checkpoint_size_bytes", job, static_cast<double>(first.checkpoint_bytes));
  }
}

// What the ranks of a pre-training job on this node did together.
void CollectHere(const JobFigures& here, const std::string& job, Scrape& scrape) {
  AddHistogram("simclr_train_step_duration_seconds", {job}, here.totals.step_seconds(), scrape);
  scrape.Add("simclr_train_nonfinite_total", {job}, static_cast<double>(here.non_finite));
  const std::int64_t bad = here.totals.bad_images();
  scrape.Add("simclr_loader_samples_total", {job, "ok"}, static_cast<double>(here.totals.images() - bad));
  scrape.Add("simclr_loader_samples_total", {job, "bad"}, static_cast<double>(bad));
}

void CollectNode(const TrainerFigures& figures, Scrape& scrape) {
  const v1::Histogram written = figures.checkpoint_seconds();
  std::int64_t count = 0;
  for (const std::int64_t in_bucket : written.counts()) count += in_bucket;
  AddHistogram("simclr_checkpoint_write_seconds", {}, written, scrape);
  scrape.Add("simclr_checkpoint_writes_total", {"ok"}, static_cast<double>(count));
  scrape.Add("simclr_checkpoint_writes_total", {"error"}, static_cast<double>(figures.failed_checkpoints()));
}

}  // namespace

std::vector<std::string> StepPhases() {
  std::vector<std::string> words;
  for (const Part& phase : kPhases) words.emplace_back(phase.label);
  return words;
}

std::vector<std::string> LoaderStages() {
  std::vector<std::string> words;
  for (const Part& stage : kStages) words.emplace_back(stage.label);
  return words;
}

void CollectTrainers(const TrainerFigures& figures, Scrape& scrape) {
  CollectNode(figures, scrape);
  for (const auto& [key, rank] : figures.ranks()) {
    const auto& [job, number] = key;
    if (!rank.ended_at.has_value()) AddGauges(kOfRank, rank, {job, absl::StrCat(number)}, scrape);
    if (rank.kind == v1::JOB_KIND_LINEAR_EVAL) {
      if (number == 0) AddGauges(kOfEvaluation, rank, {job}, scrape);
      continue;
    }
    const v1::TrainerTotals totals = TotalsOf(rank);
    CollectCounters(totals, {job, absl::StrCat(number)}, scrape);
    if (number == 0) CollectJob(rank, totals, {job}, scrape);
  }
  for (const auto& [job, here] : figures.jobs()) {
    if (here.kind != v1::JOB_KIND_LINEAR_EVAL) CollectHere(here, job, scrape);
  }
}

}  // namespace simclr::agent
