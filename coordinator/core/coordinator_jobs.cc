// Coordinator: what users ask for.
#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/status_macros.h"
#include "common/job/enum_word.h"
#include "common/job/proto_time.h"
#include "coordinator/core/answers.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/core/deletion.h"
#include "coordinator/core/job_page.h"
#include "coordinator/core/page.h"
#include "coordinator/core/submission.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

constexpr char kCancel[] = "CancelJob";
constexpr std::size_t kChangesAtOnce = 1000;

// A sample is undone when a later attempt resumed before it.
bool IsUndone(const v1::JobRecord& record, const v1::StepMetrics& sample) {
  return std::any_of(record.attempts().begin(), record.attempts().end(),
                     [&](const v1::AttemptRecord& attempt) {
                       const v1::AttemptSummary& summary = attempt.summary();
                       return summary.attempt() > sample.attempt() && summary.has_running_at() &&
                              sample.step() > summary.resumed_from_step();
                     });
}

v1::Job RemainsOf(const v1::Tombstone& tombstone) {
  v1::Job job;
  job.set_id(tombstone.job().id());
  job.set_owner(tombstone.job().owner());
  job.mutable_spec()->set_name(tombstone.job().name());
  return job;
}

v1::JobChange DeletionOf(const v1::Tombstone& tombstone) {
  v1::JobChange change;
  change.set_revision(tombstone.revision());
  change.set_deleted(true);
  *change.mutable_job() = RemainsOf(tombstone);
  return change;
}

}  // namespace

absl::StatusOr<JobPtr> Coordinator::Resolve(const std::string& reference) const {
  JobPtr open;
  {
    absl::ReaderMutexLock lock(&shared_.mutex);
    const auto by_id = shared_.state.jobs().find(reference);
    if (by_id != shared_.state.jobs().end()) return by_id->second;
    open = shared_.state.FindOpenJobNamed(reference);
  }
  if (IsJobId(reference)) {
    SIMCLR_ASSIGN_OR_RETURN(const JobPtr ended, ended_.Find(reference));
    if (ended != nullptr) return ended;
    absl::ReaderMutexLock lock(&shared_.mutex);
    const TombstonePtr tombstone = shared_.state.FindTombstone(reference);
    return tombstone == nullptr ? NoSuchJob(reference) : WasDeleted(*tombstone);
  }
  SIMCLR_ASSIGN_OR_RETURN(const JobPtr ended, ended_.FindNewestNamed(reference));
  if (open == nullptr && ended == nullptr) return NoSuchJob(reference);
  if (open == nullptr) return ended;
  return ended == nullptr || open->job().id() > ended->job().id() ? open : ended;
}

absl::StatusOr<v1::Job> Coordinator::Cancel(const v1::CancelJobRequest& request, const Caller& caller,
                                            const MayChange& may) {
  const absl::StatusOr<JobPtr> found = Resolve(request.job());
  const std::string hash = ContentHash(request);
  JobPtr cancelled;
  std::optional<RequestRecord> earlier;
  SIMCLR_RETURN_IF_ERROR(Perform(caller, [&](Decision& decision) -> absl::Status {
    SIMCLR_ASSIGN_OR_RETURN(earlier, FindAnswer(decision, kCancel, request.request_id(), hash));
    if (earlier.has_value()) return absl::OkStatus();
    SIMCLR_RETURN_IF_ERROR(found.status());
    const v1::Job& job = (*found)->job();
    SIMCLR_RETURN_IF_ERROR(may(job.owner(), job.id()));
    SIMCLR_RETURN_IF_ERROR(DecideCancellation(decision, caller.name, *found, cancelled));
    RememberAnswer(decision, kCancel, request.request_id(), hash, job.id());
    return absl::OkStatus();
  }));
  if (earlier.has_value()) return JobOrRemains(earlier->job_id);
  return Describe(*cancelled);
}

absl::Status Coordinator::DecideCancellation(Decision& decision, const std::string& by, const JobPtr& found,
                                             JobPtr& cancelled) {
  const std::string& id = found->job().id();
  const JobPtr open = decision.state().FindJob(id);
  cancelled = open != nullptr ? open : found;
  const v1::Phase phase = cancelled->job().status().phase();
  if (phase == v1::PHASE_STOPPING || phase == v1::PHASE_CANCELLED) return absl::OkStatus();
  if (IsTerminal(phase) || open == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat("job ", id, " has already ended as ", EnumWord(phase)));
  }
  v1::Event event;
  if (LiveAttempt(*cancelled) != nullptr) {
    event.mutable_job_stopping()->set_job_id(id);
  } else {
    v1::JobEnded& ended = *event.mutable_job_ended();
    ended.set_job_id(id);
    ended.set_phase(v1::PHASE_CANCELLED);
    ended.set_reason(v1::REASON_CANCELLED_BY_USER);
    ended.set_message(absl::StrCat("cancelled by ", by));
  }
  SIMCLR_RETURN_IF_ERROR(decision.Add(std::move(event)));
  cancelled = decision.state().FindJob(id);
  return absl::OkStatus();
}

absl::StatusOr<v1::Job> Coordinator::JobOrRemains(const std::string& id) const {
  {
    absl::ReaderMutexLock lock(&shared_.mutex);
    if (const TombstonePtr tombstone = shared_.state.FindTombstone(id)) return RemainsOf(*tombstone);
  }
  return GetJob(id);
}

v1::Job Coordinator::Describe(const v1::JobRecord& record) const {
  v1::Job job = PublicJob(record);
  v1::JobStatus& status = *job.mutable_status();
  const bool waits =
      status.phase() == v1::PHASE_QUEUED && status.message().empty() && WaitsForSlots(status.reason());
  if (waits) status.set_message(ticker_.WaitsFor(record));
  if (const auto opening = observations_.FindOpening(record); opening && status.message().empty()) {
    status.set_message(absl::StrCat("opening data: ", opening->files_listed, " files listed, ",
                                    opening->bytes_read / 1'000'000, " MB read by rank ", opening->rank));
  }
  if (const auto progress = observations_.FindProgress(record)) {
    status.set_step(std::max(status.step(), progress->step));
    status.set_epoch(std::max(status.epoch(), progress->epoch));
    if (progress->total_steps > 0) status.set_total_steps(progress->total_steps);
  }
  return job;
}

absl::StatusOr<v1::Job> Coordinator::GetJob(const std::string& reference) const {
  SIMCLR_ASSIGN_OR_RETURN(const JobPtr record, Resolve(reference));
  return Describe(*record);
}

absl::StatusOr<v1::ListJobsResponse> Coordinator::ListJobs(const v1::ListJobsRequest& request,
                                                           const std::string& caller) const {
  SIMCLR_ASSIGN_OR_RETURN(const JobQuery query, ReadQuery(request, caller));
  v1::ListJobsResponse response;
  std::vector<JobPtr> open;
  {
    absl::ReaderMutexLock lock(&shared_.mutex);
    response.set_revision(shared_.state.revision());
    open = OpenJobs(shared_.state.jobs(), query);
  }
  std::vector<JobPtr> ended;
  if (query.wants_ended) {
    SIMCLR_ASSIGN_OR_RETURN(ended, ended_.List(query.filter, query.range));
  }
  FillPage(
      MergeJobs(std::move(open), std::move(ended), query), query,
      [this](const v1::JobRecord& record) { return Describe(record); }, response);
  return response;
}

absl::StatusOr<JobChanges> Coordinator::ChangedJobs(std::int64_t revision,
                                                    const std::set<std::string>& ids) const {
  const auto meant = [&ids](const std::string& id) { return ids.empty() || ids.count(id) > 0; };
  std::map<std::string, JobPtr> changed;
  std::vector<TombstonePtr> deleted;
  JobChanges told;
  {
    absl::ReaderMutexLock lock(&shared_.mutex);
    told.revision = shared_.state.revision();
    const auto& by_revision = shared_.state.by_revision();
    for (auto it = by_revision.upper_bound(revision); it != by_revision.end(); ++it) {
      if (meant(it->second)) changed[it->second] = shared_.state.FindJob(it->second);
    }
    for (const auto& [slot, job] : shared_.state.allocations()) {
      if (meant(job)) changed[job] = shared_.state.FindJob(job);
    }
    // Who begins does not want to hear of what is gone.
    const auto& deletions = shared_.state.deletions();
    auto it = revision == 0 ? deletions.end() : deletions.upper_bound(revision);
    for (; it != deletions.end() && deleted.size() < kChangesAtOnce; ++it) deleted.push_back(it->second);
  }
  SIMCLR_ASSIGN_OR_RETURN(const std::vector<JobPtr> ended, ended_.EndedAfter(revision, kChangesAtOnce));
  // Beyond what was read no open job is told either, so that the next call goes on from there.
  if (ended.size() == kChangesAtOnce) told.revision = std::min(told.revision, ended.back()->revision());
  if (deleted.size() == kChangesAtOnce) told.revision = std::min(told.revision, deleted.back()->revision());
  for (const JobPtr& record : ended) {
    if (meant(record->job().id())) changed[record->job().id()] = record;
  }
  for (const auto& [id, record] : changed) {
    if (record->revision() > told.revision) continue;
    v1::JobChange& change = told.changes.emplace_back();
    change.set_revision(record->revision());
    *change.mutable_job() = Describe(*record);
  }
  for (const TombstonePtr& tombstone : deleted) {
    if (tombstone->revision() > told.revision || !meant(tombstone->job().id())) continue;
    told.changes.push_back(DeletionOf(*tombstone));
  }
  std::sort(told.changes.begin(), told.changes.end(),
            [](const v1::JobChange& a, const v1::JobChange& b) { return a.revision() < b.revision(); });
  return told;
}

absl::StatusOr<v1::ListCheckpointsResponse> Coordinator::ListCheckpoints(
    const v1::ListCheckpointsRequest& request) const {
  SIMCLR_ASSIGN_OR_RETURN(const JobPtr record, Resolve(request.job()));
  const auto key = [](const v1::Checkpoint& checkpoint) {
    return absl::StrFormat("%010d-%019d-%s", checkpoint.attempt(), checkpoint.step(), checkpoint.nonce());
  };
  std::vector<v1::Checkpoint> rows(record->checkpoints().begin(), record->checkpoints().end());
  std::sort(rows.begin(), rows.end(),
            [&key](const v1::Checkpoint& a, const v1::Checkpoint& b) { return key(a) < key(b); });
  v1::ListCheckpointsResponse response;
  SIMCLR_RETURN_IF_ERROR(
      FillPage(rows, key, request, response.mutable_checkpoints(), response.mutable_next_page_token()));
  return response;
}

absl::StatusOr<std::vector<v1::StepMetrics>> Coordinator::ReadMetrics(const std::string& reference,
                                                                      std::int64_t since_step) const {
  SIMCLR_ASSIGN_OR_RETURN(const JobPtr record, Resolve(reference));
  SIMCLR_ASSIGN_OR_RETURN(std::vector<v1::StepMetrics> samples,
                          metrics_.Read(record->job().id(), since_step));
  samples.erase(std::remove_if(samples.begin(), samples.end(),
                               [&](const v1::StepMetrics& sample) { return IsUndone(*record, sample); }),
                samples.end());
  return samples;
}

}  // namespace simclr::coordinator
