// Coordinator: what users ask for.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/job/proto_time.h"
#include "common/job/spec_hash.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/core/submission.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

std::string PhaseName(v1::Phase phase) {
  return v1::Phase_Name(phase).substr(std::string("PHASE_").size());
}

v1::Job NewJob(const v1::JobSpec& spec, const std::string& owner, const v1::JobRecord* before,
               absl::Time now) {
  v1::Job job;
  *job.mutable_spec() = spec;
  job.set_owner(owner);
  v1::JobStatus& status = *job.mutable_status();
  *status.mutable_submitted_at() = ToProto(now);
  const bool blocked = before != nullptr && before->job().status().phase() != v1::PHASE_SUCCEEDED;
  status.set_phase(blocked ? v1::PHASE_BLOCKED : v1::PHASE_QUEUED);
  status.set_reason(blocked ? v1::REASON_DEPENDENCY : v1::REASON_EVALUATING);
  if (blocked) status.set_message(absl::StrCat("waits for job ", before->job().id(), " to succeed"));
  return job;
}

// A sample is undone when a later attempt resumed before it.
bool IsUndone(const v1::JobRecord& record, const v1::StepMetrics& sample) {
  return std::any_of(record.attempts().begin(), record.attempts().end(),
                     [&](const v1::AttemptRecord& attempt) {
                       const v1::AttemptSummary& summary = attempt.summary();
                       return summary.attempt() > sample.attempt() && summary.has_running_at() &&
                              sample.step() > summary.resumed_from_step();
                     });
}

}  // namespace

std::string Coordinator::NextJobId(absl::Time now) const {
  std::string id = MakeJobId(now, options_.random());
  if (state_.jobs().empty() || id > state_.jobs().rbegin()->first) return id;
  std::int64_t newest_milliseconds =
      0;  // of an earlier job in this millisecond, or of a clock that went back
  (void)absl::SimpleHexAtoi(state_.jobs().rbegin()->first.substr(2, 12), &newest_milliseconds);
  return MakeJobId(absl::FromUnixMillis(newest_milliseconds + 1), options_.random());
}

absl::StatusOr<v1::Job> Coordinator::Answer(const Submission& earlier,
                                            const std::string& content_hash) const {
  if (earlier.content_hash != content_hash) {
    return absl::AlreadyExistsError(absl::StrCat("request id '", earlier.request_id,
                                                 "' was used for another spec (job ", earlier.job_id,
                                                 "); use a new one"));
  }
  const v1::JobRecord* record = state_.FindJob(earlier.job_id);
  if (record == nullptr) return absl::InternalError(absl::StrCat("job ", earlier.job_id, " is missing"));
  return Describe(*record);
}

absl::StatusOr<v1::Job> Coordinator::Submit(const v1::SubmitJobRequest& request, const std::string& owner) {
  const std::string content_hash = SpecHash(request.spec());
  absl::MutexLock lock(&mutex_);
  const bool named = !request.request_id().empty() && !request.validate_only();
  if (named) {
    SIMCLR_ASSIGN_OR_RETURN(const auto earlier, journal_.FindSubmission(owner, request.request_id()));
    if (earlier) return Answer(*earlier, content_hash);
  }
  SIMCLR_ASSIGN_OR_RETURN(const v1::JobSpec spec,
                          PrepareSpec(state_, request.spec(), options_.data_roots, request.validate_only()));
  const absl::Time now = clock_.Now();
  v1::Job job = NewJob(spec, owner, state_.FindJob(spec.after()), now);
  if (request.validate_only()) return job;

  const auto open = std::count_if(state_.jobs().begin(), state_.jobs().end(), [](const auto& entry) {
    return !IsTerminal(entry.second.job().status().phase());
  });
  if (static_cast<std::size_t>(open) >= options_.max_open_jobs) {
    return absl::ResourceExhaustedError(absl::StrCat(open, " jobs are open, the limit; cancel some or wait"));
  }
  job.set_id(NextJobId(now));
  v1::Event event;
  *event.mutable_job_submitted()->mutable_job() = job;
  event.mutable_job_submitted()->set_spec_hash(SpecHash(spec));
  const Submission submission{owner, request.request_id(), content_hash, job.id(), now};
  SIMCLR_RETURN_IF_ERROR(Commit({event}, owner, named ? &submission : nullptr));
  return Describe(*state_.FindJob(job.id()));
}

absl::StatusOr<v1::Job> Coordinator::Cancel(const std::string& reference, const std::string& actor) {
  absl::MutexLock lock(&mutex_);
  SIMCLR_ASSIGN_OR_RETURN(const v1::JobRecord* record, ResolveJob(state_, reference));
  const std::string id = record->job().id();
  const v1::Phase phase = record->job().status().phase();
  if (phase == v1::PHASE_STOPPING || phase == v1::PHASE_CANCELLED) return Describe(*record);
  if (IsTerminal(phase)) {
    return absl::FailedPreconditionError(
        absl::StrCat("job ", id, " has already ended as ", PhaseName(phase)));
  }
  v1::Event event;
  if (LiveAttempt(*record) != nullptr) {
    event.mutable_job_stopping()->set_job_id(id);
  } else {
    v1::JobEnded& ended = *event.mutable_job_ended();
    ended.set_job_id(id);
    ended.set_phase(v1::PHASE_CANCELLED);
    ended.set_reason(v1::REASON_CANCELLED_BY_USER);
    ended.set_message(absl::StrCat("cancelled by ", actor));
  }
  SIMCLR_RETURN_IF_ERROR(Commit({event}, actor));
  return Describe(*state_.FindJob(id));
}

v1::Job Coordinator::Describe(const v1::JobRecord& record) const {
  v1::Job job = PublicJob(record);
  v1::JobStatus& status = *job.mutable_status();
  if (const auto progress = observations_.FindProgress(record)) {
    status.set_step(std::max(status.step(), progress->step));
    status.set_epoch(std::max(status.epoch(), progress->epoch));
    if (progress->total_steps > 0) status.set_total_steps(progress->total_steps);
  }
  return job;
}

absl::StatusOr<v1::Job> Coordinator::GetJob(const std::string& reference) const {
  absl::MutexLock lock(&mutex_);
  SIMCLR_ASSIGN_OR_RETURN(const v1::JobRecord* record, ResolveJob(state_, reference));
  return Describe(*record);
}

v1::ListJobsResponse Coordinator::ListJobs(const v1::ListJobsRequest& request) const {
  absl::MutexLock lock(&mutex_);
  v1::ListJobsResponse response;
  response.set_revision(state_.revision());
  for (const auto& [id, record] : state_.jobs()) {
    const v1::Phase phase = record.job().status().phase();
    const bool phase_fits =
        request.phases().empty() ||
        std::find(request.phases().begin(), request.phases().end(), phase) != request.phases().end();
    const bool name_fits = request.name().empty() || record.job().spec().name() == request.name();
    if (phase_fits && name_fits) *response.add_jobs() = Describe(record);
  }
  return response;
}

std::vector<v1::JobChange> Coordinator::ChangedJobs(std::int64_t revision) const {
  absl::MutexLock lock(&mutex_);
  std::vector<v1::JobChange> changes;
  for (const auto& [id, record] : state_.jobs()) {
    if (record.revision() <= revision && LiveAttempt(record) == nullptr) continue;
    v1::JobChange& change = changes.emplace_back();
    change.set_revision(record.revision());
    *change.mutable_job() = Describe(record);
  }
  std::sort(changes.begin(), changes.end(),
            [](const v1::JobChange& a, const v1::JobChange& b) { return a.revision() < b.revision(); });
  return changes;
}

absl::StatusOr<std::vector<v1::Checkpoint>> Coordinator::ListCheckpoints(const std::string& reference) const {
  absl::MutexLock lock(&mutex_);
  SIMCLR_ASSIGN_OR_RETURN(const v1::JobRecord* record, ResolveJob(state_, reference));
  return std::vector<v1::Checkpoint>(record->checkpoints().begin(), record->checkpoints().end());
}

absl::StatusOr<std::vector<v1::StepMetrics>> Coordinator::ReadMetrics(const std::string& reference,
                                                                      std::int64_t since_step) const {
  v1::JobRecord record;
  {
    absl::MutexLock lock(&mutex_);
    SIMCLR_ASSIGN_OR_RETURN(const v1::JobRecord* found, ResolveJob(state_, reference));
    record = *found;
  }
  SIMCLR_ASSIGN_OR_RETURN(std::vector<v1::StepMetrics> samples, metrics_.Read(record.job().id(), since_step));
  samples.erase(std::remove_if(samples.begin(), samples.end(),
                               [&](const v1::StepMetrics& sample) { return IsUndone(record, sample); }),
                samples.end());
  return samples;
}

}  // namespace simclr::coordinator
