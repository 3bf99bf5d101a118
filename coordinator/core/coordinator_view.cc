// Coordinator: the cluster as operators and metrics see it.
#include <utility>

#include "common/job/proto_time.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {

std::vector<v1::Worker> Coordinator::ListWorkers() const {
  absl::MutexLock lock(&mutex_);
  return WorkersNow();
}

std::vector<v1::Worker> Coordinator::WorkersNow() const {
  const absl::Duration now = clock_.Monotonic();
  std::vector<v1::Worker> workers;
  for (const auto& [name, record] : state_.workers()) {
    v1::Worker& worker = workers.emplace_back(record.worker());
    worker.set_state(observations_.StateOf(options_.policy.liveness, state_, record, now));
    const Observations::WorkerNews* news = observations_.FindWorker(name);
    if (news != nullptr) *worker.mutable_last_seen() = ToProto(news->heard_at_wall);
    for (v1::Slot& slot : *worker.mutable_slots()) {
      const auto held = state_.allocations().find({name, slot.index()});
      if (held == state_.allocations().end()) continue;
      const v1::AttemptRecord& attempt = *LiveAttempt(*state_.FindJob(held->second));
      slot.set_job_id(held->second);
      slot.set_attempt(attempt.summary().attempt());
      for (const v1::RankRecord& rank : attempt.ranks()) {
        if (rank.worker() == name && rank.slot() == slot.index()) slot.set_rank(rank.rank());
      }
    }
  }
  return workers;
}

ClusterView Coordinator::View(absl::Duration recent) const {
  absl::MutexLock lock(&mutex_);
  ClusterView view;
  view.term = term();
  view.revision = state_.revision();
  view.now = clock_.Now();
  for (v1::Worker& worker : WorkersNow()) {
    if (!state_.FindWorker(worker.name())->left()) view.workers.push_back(std::move(worker));
  }
  for (const auto& [id, record] : state_.jobs()) {
    const v1::JobStatus& status = record.job().status();
    ++view.job_counts[{record.job().spec().kind(), status.phase()}];
    if (IsTerminal(status.phase()) && view.now - FromProto(status.ended_at()) >= recent) continue;
    JobView& job = view.jobs.emplace_back();
    job.job = Describe(record);
    if (!record.checkpoints().empty()) job.checkpoint = *record.checkpoints().rbegin();
    const v1::JobRecord* before = state_.FindJob(record.job().spec().after());
    if (before != nullptr) job.evaluated_step = before->job().status().step();
  }
  return view;
}

}  // namespace simclr::coordinator
