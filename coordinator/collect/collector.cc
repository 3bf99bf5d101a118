#include "coordinator/collect/collector.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

constexpr std::int64_t kEndsAtOnce = 1000;
constexpr std::size_t kPathsInAnEvent = 100;

}  // namespace

Collector::Collector(Coordinator& coordinator, EndedJobs& ended, StepMetricsStore& metrics,
                     const ArtifactTree& tree, CollectorObserver& observer, const CollectorOptions& options)
    : coordinator_(coordinator),
      ended_(ended),
      metrics_(metrics),
      tree_(tree),
      observer_(observer),
      options_(options),
      revision_(coordinator.revision()) {
  for (const std::string& id : coordinator.ForCleanup(0).changed) {
    if (coordinator.IsDeleted(id)) deleted_before_.push_back(id);
  }
}

void Collector::RunOnce(absl::Time wall, absl::Duration now) {
  const Cleanup cleanup = coordinator_.ForCleanup(revision_);
  if (!options_.report_only) {
    FinishCondemned(cleanup, now);
    DeleteMetricsLeft();
  }
  Gather(cleanup, now);
  if (sweep_.empty() && now >= next_sweep_) BeginSweep(now);
  std::string name;
  for (int looked = 0; looked < options_.jobs_at_once && TakeNext(now, name); ++looked) {
    const absl::Status status = LookAt(name, wall, now);
    if (status.ok()) continue;
    observer_.OnCollectFailed();
    LogWarning("files of a job are not collected yet",
               {{"job", name}, {"error", std::string(status.message())}});
    due_[name] = now + options_.retry_after;
  }
}

// What an earlier run, or an earlier process, did not finish.
void Collector::FinishCondemned(const Cleanup& cleanup, absl::Duration now) {
  if (now < retry_condemned_) return;
  std::map<std::string, std::vector<std::string>> by_job;
  for (const auto& [path, job] : cleanup.condemned) by_job[job].push_back(path);
  for (const auto& [job, paths] : by_job) {
    const absl::Status removed = RemoveCondemned(job, paths);
    if (removed.ok()) continue;
    observer_.OnCollectFailed();
    LogWarning("condemned files are still there", {{"job", job}, {"error", std::string(removed.message())}});
    retry_condemned_ = now + options_.retry_after;
  }
}

// A directory that is still there the sweep sees; of the metrics there is no such trace.
void Collector::DeleteMetricsLeft() {
  for (int i = 0; i < options_.jobs_at_once && !deleted_before_.empty(); ++i) {
    const absl::Status deleted = metrics_.Delete(deleted_before_.front());
    if (!deleted.ok()) {
      observer_.OnCollectFailed();
      return LogWarning("metrics of a deleted job are not removed yet",
                        {{"job", deleted_before_.front()}, {"error", std::string(deleted.message())}});
    }
    deleted_before_.pop_front();
  }
}

void Collector::Gather(const Cleanup& cleanup, absl::Duration now) {
  const auto ends = ended_.EndedAfter(revision_, kEndsAtOnce);
  if (!ends.ok())
    return LogWarning("ended jobs cannot be read", {{"error", std::string(ends.status().message())}});
  const bool all = static_cast<std::int64_t>(ends->size()) < kEndsAtOnce;
  for (const JobPtr& job : *ends) due_[job->job().id()] = now;
  for (const std::string& id : cleanup.changed) due_[id] = now;
  revision_ = all ? cleanup.revision : ends->back()->revision();
}

void Collector::BeginSweep(absl::Duration now) {
  next_sweep_ = now + options_.sweep_every;
  const auto entries = ListIfThere("");
  if (!entries.ok()) {
    observer_.OnCollectFailed();
    return LogWarning("the artifact root cannot be listed",
                      {{"error", std::string(entries.status().message())}});
  }
  for (const DirectoryEntry& entry : *entries) sweep_.push_back(entry.name);
}

bool Collector::TakeNext(absl::Duration now, std::string& name) {
  const auto due = std::min_element(due_.begin(), due_.end(),
                                    [](const auto& a, const auto& b) { return a.second < b.second; });
  if (due != due_.end() && due->second <= now) {
    name = due->first;
    due_.erase(due);
    return true;
  }
  if (sweep_.empty()) return false;
  name = std::move(sweep_.front());
  sweep_.pop_front();
  return true;
}

absl::Status Collector::LookAt(const std::string& name, absl::Time wall, absl::Duration now) {
  if (!IsJobId(name)) {
    SetUnknown(name, {name});
    return absl::OkStatus();
  }
  const absl::StatusOr<JobPtr> record = coordinator_.GetRecord(name);
  if (record.ok()) return LookAtJob(**record, wall, now);
  if (!absl::IsNotFound(record.status())) return record.status();
  if (coordinator_.IsDeleted(name)) return LookAtDeleted(name);
  SIMCLR_ASSIGN_OR_RETURN(const auto entries, ListIfThere(name));
  SetUnknown(name, entries.empty() ? std::vector<std::string>() : std::vector<std::string>{name});
  return absl::OkStatus();
}

absl::Status Collector::LookAtJob(const v1::JobRecord& record, absl::Time wall, absl::Duration now) {
  const std::string& id = record.job().id();
  if (record.attempts().empty()) return absl::OkStatus();
  SIMCLR_ASSIGN_OR_RETURN(const auto own, ListIfThere(id));
  SIMCLR_ASSIGN_OR_RETURN(const auto checkpoints, ListIfThere(absl::StrCat(id, "/checkpoints")));
  CleanupPlan plan = PlanCleanup(record, own, checkpoints, wall);
  SetUnknown(id, plan.unknown);
  // At the latest after so long: the wall clock may be set meanwhile.
  if (plan.look_again != absl::InfiniteFuture())
    due_[id] = now + std::min(plan.look_again - wall, kUncommittedStays);
  return RemoveAll(id, plan.remove);
}

absl::Status Collector::LookAtDeleted(const std::string& id) {
  SetUnknown(id, {});
  if (options_.report_only) return absl::OkStatus();
  SIMCLR_RETURN_IF_ERROR(metrics_.Delete(id));
  SIMCLR_ASSIGN_OR_RETURN(const auto entries, tree_.List(""));
  const bool there = std::any_of(entries.begin(), entries.end(),
                                 [&id](const DirectoryEntry& entry) { return entry.name == id; });
  return there ? RemoveAll(id, {id}) : absl::OkStatus();
}

// What is condemned and still there, FinishCondemned removes.
std::vector<std::string> Collector::NotCondemned(const std::vector<std::string>& paths) const {
  std::vector<std::string> fresh;
  std::copy_if(paths.begin(), paths.end(), std::back_inserter(fresh),
               [this](const std::string& path) { return !coordinator_.IsCondemned(path); });
  return fresh;
}

absl::Status Collector::RemoveAll(const std::string& job, const std::vector<std::string>& paths) {
  if (options_.report_only) return absl::OkStatus();
  const std::vector<std::string> fresh = NotCondemned(paths);
  for (std::size_t first = 0; first < fresh.size(); first += kPathsInAnEvent) {
    const std::size_t end = std::min(fresh.size(), first + kPathsInAnEvent);
    const std::vector<std::string> part(fresh.begin() + static_cast<std::ptrdiff_t>(first),
                                        fresh.begin() + static_cast<std::ptrdiff_t>(end));
    v1::Event event;
    event.mutable_files_condemned()->set_job_id(job);
    for (const std::string& path : part) event.mutable_files_condemned()->add_paths(path);
    SIMCLR_RETURN_IF_ERROR(coordinator_.Append(std::move(event)));
    SIMCLR_RETURN_IF_ERROR(RemoveCondemned(job, part));
  }
  return absl::OkStatus();
}

absl::Status Collector::RemoveCondemned(const std::string& job, const std::vector<std::string>& paths) {
  v1::Event event;
  v1::FilesCollected& collected = *event.mutable_files_collected();
  collected.set_job_id(job);
  std::int64_t bytes = 0;
  absl::Status failed;
  for (const std::string& path : paths) {
    const absl::Status removed = tree_.Remove(path, bytes);
    if (removed.ok()) {
      collected.add_paths(path);
    } else {
      failed = removed;
    }
  }
  if (collected.paths().empty()) return failed;
  const int directories = collected.paths_size();
  SIMCLR_RETURN_IF_ERROR(coordinator_.Append(std::move(event)));
  observer_.OnCollected(directories, bytes);
  LogInfo("files are collected",
          {{"job", job}, {"directories", absl::StrCat(directories)}, {"bytes", absl::StrCat(bytes)}});
  return failed;
}

absl::StatusOr<std::vector<DirectoryEntry>> Collector::ListIfThere(const std::string& path) const {
  absl::StatusOr<std::vector<DirectoryEntry>> entries = tree_.List(path);
  if (absl::IsNotFound(entries.status())) return std::vector<DirectoryEntry>();
  return entries;
}

void Collector::SetUnknown(const std::string& name, const std::vector<std::string>& paths) {
  absl::MutexLock lock(&mutex_);
  const auto known = unknown_.find(name);
  const bool news = !paths.empty() && (known == unknown_.end() || known->second != paths);
  if (news) LogWarning("files that this coordinator does not know are left alone", {{"path", paths[0]}});
  if (paths.empty()) {
    unknown_.erase(name);
  } else {
    unknown_[name] = paths;
  }
}

std::vector<std::string> Collector::Unknown() const {
  absl::MutexLock lock(&mutex_);
  std::vector<std::string> all;
  for (const auto& [name, paths] : unknown_) all.insert(all.end(), paths.begin(), paths.end());
  return all;
}

std::int64_t Collector::unknown_count() const {
  return static_cast<std::int64_t>(Unknown().size());
}

}  // namespace simclr::coordinator
