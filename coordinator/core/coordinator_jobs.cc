// Coordinator: what users ask for.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/status_macros.h"
#include "common/job/enum_word.h"
#include "common/job/proto_time.h"
#include "common/job/spec_hash.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/core/job_page.h"
#include "coordinator/core/page.h"
#include "coordinator/core/submission.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

constexpr char kSubmit[] = "SubmitJob";
constexpr int kTries = 3;  // of a submission whose predecessor ends meanwhile
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

absl::Status UsedForAnother(const RequestRecord& earlier) {
  return absl::AlreadyExistsError(absl::StrCat("request id '", earlier.request_id,
                                               "' was used for another spec (job ", earlier.job_id,
                                               "); use a new one"));
}

v1::JobChange DeletionOf(const v1::Tombstone& tombstone) {
  v1::JobChange change;
  change.set_revision(tombstone.revision());
  change.set_deleted(true);
  change.mutable_job()->set_id(tombstone.job().id());
  change.mutable_job()->set_owner(tombstone.job().owner());
  change.mutable_job()->mutable_spec()->set_name(tombstone.job().name());
  return change;
}

absl::Status CheckRoom(const StateReader& state, const CoordinatorOptions& options,
                       const std::string& owner) {
  if (state.open_jobs() >= options.max_open_jobs) {
    return absl::ResourceExhaustedError(
        absl::StrCat(state.open_jobs(), " jobs are open, the limit; cancel some or wait"));
  }
  if (state.open_jobs_of(owner) >= options.max_open_jobs_of_user) {
    return absl::ResourceExhaustedError(absl::StrCat(state.open_jobs_of(owner), " jobs of ", owner,
                                                     " are open, the limit of a user; cancel some or wait"));
  }
  return absl::OkStatus();
}

}  // namespace

std::string Coordinator::NextJobId(const StateReader& state, absl::Time now) const {
  const std::string newest = state.last_job_id();
  std::string id = MakeJobId(now, options_.random());
  if (id > newest) return id;
  std::int64_t newest_milliseconds =
      0;  // of an earlier job in this millisecond, or of a clock that went back
  (void)absl::SimpleHexAtoi(newest.substr(2, 12), &newest_milliseconds);
  return MakeJobId(absl::FromUnixMillis(newest_milliseconds + 1), options_.random());
}

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

// Null where the spec has none.
absl::StatusOr<JobPtr> Coordinator::ResolveAfter(const v1::JobSpec& spec) const {
  if (spec.after().empty()) return nullptr;
  absl::StatusOr<JobPtr> before = Resolve(spec.after());
  if (before.ok()) return before;
  return absl::Status(before.status().code(), absl::StrCat("after: ", before.status().message()));
}

absl::StatusOr<v1::Job> Coordinator::Submit(const v1::SubmitJobRequest& request, const Caller& caller) {
  for (int tries = 1;; ++tries) {
    absl::StatusOr<JobPtr> after = ResolveAfter(request.spec());
    if (!after.ok() && absl::IsNotFound(after.status()) && request.validate_only()) after = nullptr;
    absl::StatusOr<v1::JobSpec> spec =
        after.ok() ? PrepareSpec(request.spec(), after->get(), options_.data_roots) : after.status();
    if (request.validate_only()) {
      SIMCLR_RETURN_IF_ERROR(spec.status());
      return NewJob(*spec, caller.name, after->get(), clock_.Now());
    }
    JobPtr made;
    std::string answered;
    const absl::Status decided = Perform(caller, [&](Decision& decision) -> absl::Status {
      const std::string hash = SpecHash(request.spec());
      if (!request.request_id().empty()) {
        SIMCLR_ASSIGN_OR_RETURN(const auto earlier, decision.FindRequest(kSubmit, request.request_id()));
        if (earlier && earlier->content_hash != hash) return UsedForAnother(*earlier);
        if (earlier) answered = earlier->job_id;
        if (earlier) return absl::OkStatus();
      }
      SIMCLR_RETURN_IF_ERROR(
          spec.status());  // a repeated request is answered whatever became of what it names
      SIMCLR_RETURN_IF_ERROR(DecideSubmission(decision, request, *after, *spec, made));
      if (!request.request_id().empty()) {
        decision.Remember({"", kSubmit, request.request_id(), hash, made->job().id(), {}});
      }
      return absl::OkStatus();
    });
    if (absl::IsAborted(decided) && tries < kTries) continue;
    SIMCLR_RETURN_IF_ERROR(decided);
    if (!answered.empty()) return GetJob(answered);
    return Describe(*made);
  }
}

absl::Status Coordinator::DecideSubmission(Decision& decision, const v1::SubmitJobRequest& request,
                                           const JobPtr& after, const v1::JobSpec& spec, JobPtr& made) const {
  const StateReader& state = decision.state();
  SIMCLR_RETURN_IF_ERROR(CheckRoom(state, options_, decision.actor()));
  JobPtr before = after;
  for (const std::string& named : JobsNamedBy(spec)) {
    if (const TombstonePtr tombstone = state.FindTombstone(named)) return WasDeleted(*tombstone);
  }
  if (after != nullptr && IsOpen(*after)) {
    before = state.FindJob(after->job().id());
    if (before == nullptr)
      return absl::AbortedError(absl::StrCat("job ", after->job().id(), " ended meanwhile"));
    SIMCLR_RETURN_IF_ERROR(CheckAfter(*before, request.spec().after()));
  }
  v1::Event event;
  v1::JobSubmitted& submitted = *event.mutable_job_submitted();
  submitted.set_spec_hash(SpecHash(spec));
  *submitted.mutable_job() = NewJob(spec, decision.actor(), before.get(), decision.now().wall);
  submitted.mutable_job()->set_id(NextJobId(state, decision.now().wall));
  if (before != nullptr && !IsOpen(*before)) *submitted.mutable_after() = StubOf(*before);
  const std::string id = submitted.job().id();
  SIMCLR_RETURN_IF_ERROR(decision.Add(std::move(event)));
  made = state.FindJob(id);
  return absl::OkStatus();
}

absl::StatusOr<v1::Job> Coordinator::Cancel(const std::string& reference, const Caller& caller) {
  SIMCLR_ASSIGN_OR_RETURN(const JobPtr found, Resolve(reference));
  JobPtr cancelled = found;
  SIMCLR_RETURN_IF_ERROR(Perform(caller, [&](Decision& decision) -> absl::Status {
    const std::string& id = found->job().id();
    if (const JobPtr open = decision.state().FindJob(id)) cancelled = open;
    const v1::Phase phase = cancelled->job().status().phase();
    if (phase == v1::PHASE_STOPPING || phase == v1::PHASE_CANCELLED) return absl::OkStatus();
    if (IsTerminal(phase) || decision.state().FindJob(id) == nullptr) {
      return absl::FailedPreconditionError(
          absl::StrCat("job ", id, " has already ended as ", EnumWord(phase)));
    }
    v1::Event event;
    if (LiveAttempt(*cancelled) != nullptr) {
      event.mutable_job_stopping()->set_job_id(id);
    } else {
      v1::JobEnded& ended = *event.mutable_job_ended();
      ended.set_job_id(id);
      ended.set_phase(v1::PHASE_CANCELLED);
      ended.set_reason(v1::REASON_CANCELLED_BY_USER);
      ended.set_message(absl::StrCat("cancelled by ", caller.name));
    }
    SIMCLR_RETURN_IF_ERROR(decision.Add(std::move(event)));
    cancelled = decision.state().FindJob(id);
    return absl::OkStatus();
  }));
  return Describe(*cancelled);
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
