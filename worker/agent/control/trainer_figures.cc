#include "worker/agent/control/trainer_figures.h"

#include <algorithm>

namespace simclr::agent {
namespace {

constexpr char kResultTop1[] = "linear_eval/top1";
constexpr char kResultTop5[] = "linear_eval/top5";

// Ends of a trainer that was told to end, or did what it should.
bool IsOrderly(v1::FailureClass failure) {
  return failure == v1::FAILURE_CLASS_SUCCESS || failure == v1::FAILURE_CLASS_DRAINED ||
         failure == v1::FAILURE_CLASS_CANCELLED;
}

void KeepStep(const v1::StepMetrics& metrics, RankFigures& rank) {
  rank.step = metrics.step();
  rank.epoch = metrics.epoch();
  for (const auto& [name, value] : metrics.values()) rank.measures[name] = value;
}

// What a linear evaluation found in the end is more exact than the last of its epochs.
void KeepResults(const v1::ReportExitRequest& exit, RankFigures& rank) {
  for (const auto& [result, measure] : {std::pair(kResultTop1, "eval/top1"), {kResultTop5, "eval/top5"}}) {
    const auto found = exit.results().find(result);
    if (found != exit.results().end()) rank.measures[measure] = found->second;
  }
}

void Add(const RankFigures& rank, JobFigures& sum) {
  sum.kind = rank.kind;
  AddTo(sum.totals, TotalsOf(rank));
  sum.non_finite += rank.non_finite;
}

}  // namespace

void TrainerFigures::OnStart(const v1::DesiredRank& rank) {
  RankFigures& figures = ranks_[{rank.job_id(), rank.rank()}];
  figures.kind = rank.spec().kind();
  figures.global_batch = rank.spec().train().global_batch();
  figures.attempt = rank.attempt();
  figures.nonce = rank.nonce();
  AddTo(figures.ended, figures.newest);
  figures.newest.Clear();
  figures.ended_at.reset();
}

void TrainerFigures::OnReport(const RankKey& key, const v1::TrainerReport& report, absl::Time now) {
  RankFigures* const rank = Find(key);
  if (rank == nullptr) return;
  if (report.has_metrics()) KeepStep(report.metrics(), *rank);
  if (report.has_totals()) rank->newest = report.totals();
  if (report.has_checkpoint()) {
    rank->checkpoint_bytes = report.checkpoint().bytes();
    rank->checkpoint_at = now;
  }
}

void TrainerFigures::OnExit(const v1::ReportExitRequest& exit, bool in_checkpoint, absl::Duration now) {
  ++exits_[exit.failure()];
  // Of the ranks, which fail together, the first speaks for all.
  const bool first = exit.rank() == 0;
  if (first && in_checkpoint && !IsOrderly(exit.failure())) ++failed_checkpoints_;
  RankFigures* const rank = Find(KeyOf(exit));
  if (rank == nullptr) return;
  if (first && exit.failure() == v1::FAILURE_CLASS_NON_FINITE) ++rank->non_finite;
  KeepResults(exit, *rank);
  rank->ended_at = now;
}

void TrainerFigures::Forget(absl::Duration now) {
  for (auto entry = ranks_.begin(); entry != ranks_.end();) {
    const RankFigures& rank = entry->second;
    if (!rank.ended_at.has_value() || now - *rank.ended_at < kSeriesKept) {
      ++entry;
      continue;
    }
    AddTo(forgotten_checkpoint_seconds_, TotalsOf(rank).checkpoint_seconds());
    Add(rank, dropped_[entry->first.first]);
    entry = ranks_.erase(entry);
  }
  std::erase_if(dropped_, [this](const auto& job) { return !HasRankOf(job.first); });
}

bool TrainerFigures::HasRankOf(const std::string& job) const {
  const auto first = ranks_.lower_bound({job, 0});
  return first != ranks_.end() && first->first.first == job;
}

std::map<std::string, JobFigures> TrainerFigures::jobs() const {
  std::map<std::string, JobFigures> jobs = dropped_;
  for (const auto& [key, rank] : ranks_) Add(rank, jobs[key.first]);
  return jobs;
}

v1::Histogram TrainerFigures::checkpoint_seconds() const {
  v1::Histogram sum = forgotten_checkpoint_seconds_;
  for (const auto& [key, rank] : ranks_) AddTo(sum, TotalsOf(rank).checkpoint_seconds());
  return sum;
}

RankFigures* TrainerFigures::Find(const RankKey& key) {
  const auto found = ranks_.find({key.job_id, key.rank});
  if (found == ranks_.end()) return nullptr;
  RankFigures& rank = found->second;
  return rank.attempt == key.attempt && rank.nonce == key.nonce ? &rank : nullptr;
}

v1::TrainerTotals TotalsOf(const RankFigures& rank) {
  v1::TrainerTotals totals = rank.ended;
  AddTo(totals, rank.newest);
  return totals;
}

void AddTo(v1::Histogram& sum, const v1::Histogram& more) {
  if (sum.counts().empty()) {
    sum = more;
    return;
  }
  if (!std::ranges::equal(sum.bounds(), more.bounds()) || sum.counts_size() != more.counts_size()) return;
  for (int i = 0; i < more.counts_size(); ++i) sum.set_counts(i, sum.counts(i) + more.counts(i));
  sum.set_sum(sum.sum() + more.sum());
}

void AddTo(v1::TrainerTotals& sum, const v1::TrainerTotals& more) {
  sum.set_steps(sum.steps() + more.steps());
  sum.set_images(sum.images() + more.images());
  sum.set_bad_images(sum.bad_images() + more.bad_images());
  for (const auto& [part, seconds] : more.seconds()) (*sum.mutable_seconds())[part] += seconds;
  AddTo(*sum.mutable_step_seconds(), more.step_seconds());
  AddTo(*sum.mutable_checkpoint_seconds(), more.checkpoint_seconds());
}

}  // namespace simclr::agent
