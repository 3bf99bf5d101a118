#include "coordinator/state/overlay.h"

#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"
#include "common/job/proto_time.h"

namespace simclr::coordinator {

absl::Status Overlay::Add(v1::Event event, const std::string& actor) {
  event.set_revision(revision_ + 1);
  event.set_actor(actor);
  *event.mutable_at() = ToProto(stamp_.wall);
  *event.mutable_service_time() = ToProto(stamp_.service);
  PhaseSpan before;
  if (const JobPtr job = FindJob(JobOf(event))) {
    before = {job->job().status().phase(), job->job().status().phase_since()};
  }
  SIMCLR_ASSIGN_OR_RETURN(Change change, Derive(*this, event));
  Take({std::move(event), std::move(change), before});
  return absl::OkStatus();
}

void Overlay::Merge(Overlay child) {
  for (CheckedEvent& checked : child.events_) Take(std::move(checked));
}

void Overlay::Take(CheckedEvent checked) {
  revision_ = checked.change.revision;
  for (const auto& [id, stub] : checked.change.stubs) jobs_.try_emplace(id, stub);
  for (const auto& [id, record] : checked.change.jobs) {
    Count(FindJob(id), record);
    jobs_[id] = record;
    if (checked.event.has_job_submitted()) last_job_id_ = id;
  }
  for (const auto& [name, record] : checked.change.workers) workers_[name] = record;
  for (const auto& [slot, holder] : checked.change.slots) slots_[slot] = holder;
  for (const auto& [id, tombstone] : checked.change.tombstones) tombstones_[id] = tombstone;
  for (const auto& [path, job] : checked.change.condemned) condemned_[path] = job;
  events_.push_back(std::move(checked));
}

void Overlay::Count(const JobPtr& before, const JobPtr& after) {
  const auto open = [](const JobPtr& job) { return job != nullptr && IsOpen(*job); };
  const int change = (open(after) ? 1 : 0) - (open(before) ? 1 : 0);
  open_ += change;
  open_of_[after->job().owner()] += change;
}

std::string Overlay::last_job_id() const {
  return last_job_id_.empty() ? base_.last_job_id() : last_job_id_;
}

JobPtr Overlay::FindJob(const std::string& id) const {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? base_.FindJob(id) : found->second;
}

WorkerPtr Overlay::FindWorker(const std::string& name) const {
  const auto found = workers_.find(name);
  return found == workers_.end() ? base_.FindWorker(name) : found->second;
}

std::string Overlay::HolderOf(const SlotKey& slot) const {
  const auto found = slots_.find(slot);
  return found == slots_.end() ? base_.HolderOf(slot) : found->second;
}

std::set<std::string> Overlay::NamersOf(const std::string& job) const {
  std::set<std::string> namers;
  for (const std::string& id : base_.NamersOf(job)) {
    if (IsOpen(*FindJob(id))) namers.insert(id);
  }
  for (const auto& [id, record] : jobs_) {
    const std::vector<std::string> named = JobsNamedBy(record->job().spec());
    const bool open = IsOpen(*record);
    if (open && std::find(named.begin(), named.end(), job) != named.end()) namers.insert(id);
  }
  return namers;
}

TombstonePtr Overlay::FindTombstone(const std::string& id) const {
  const auto found = tombstones_.find(id);
  return found == tombstones_.end() ? base_.FindTombstone(id) : found->second;
}

bool Overlay::IsCondemned(const std::string& path) const {
  const auto found = condemned_.find(path);
  return found == condemned_.end() ? base_.IsCondemned(path) : !found->second.empty();
}

std::int64_t Overlay::open_jobs_of(const std::string& owner) const {
  const auto found = open_of_.find(owner);
  return base_.open_jobs_of(owner) + (found == open_of_.end() ? 0 : found->second);
}

}  // namespace simclr::coordinator
