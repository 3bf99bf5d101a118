// Coordinator: jobs that users submit, one or several in a request.
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "common/job/spec_hash.h"
#include "coordinator/core/answers.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/core/deletion.h"
#include "coordinator/core/submission.h"

namespace simclr::coordinator {
namespace {

constexpr char kSubmit[] = "SubmitJob";
constexpr char kSubmitMany[] = "SubmitJobs";
constexpr int kTries = 3;  // of a submission whose predecessor ends meanwhile

// Which of the specs before `index` the one there comes after; the last of a name counts. nullopt: none.
std::optional<int> EarlierNamed(const v1::SubmitJobsRequest& request, int index) {
  const std::string& name = request.specs(index).after();
  for (int i = index - 1; i >= 0 && !name.empty(); --i) {
    if (request.specs(i).name() == name) return i;
  }
  return std::nullopt;
}

absl::Status OfSpec(const v1::SubmitJobsRequest& request, int index, const absl::Status& status) {
  if (status.ok() || request.specs_size() == 1) return status;
  absl::Status named(status.code(), absl::StrCat("job '", request.specs(index).name(), "' (", index + 1,
                                                 " of ", request.specs_size(), "): ", status.message()));
  status.ForEachPayload(
      [&named](absl::string_view type, const absl::Cord& payload) { named.SetPayload(type, payload); });
  return named;
}

absl::Status CheckSize(const v1::SubmitJobsRequest& request) {
  if (request.specs().empty()) return absl::InvalidArgumentError("the request names no job");
  if (request.ByteSizeLong() <= kMaxSubmitBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the request has ", request.ByteSizeLong(),
                                                 " bytes, more than ", kMaxSubmitBytes, "; split it"));
}

v1::SubmittedJob Brief(const v1::Job& job) {
  v1::SubmittedJob brief;
  brief.set_id(job.id());
  brief.set_name(job.spec().name());
  brief.set_phase(job.status().phase());
  return brief;
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
    std::optional<RequestRecord> earlier;
    const absl::Status decided = Perform(caller, [&](Decision& decision) -> absl::Status {
      const std::string hash = SpecHash(request.spec());
      SIMCLR_ASSIGN_OR_RETURN(earlier, FindAnswer(decision, kSubmit, request.request_id(), hash));
      if (earlier.has_value()) return absl::OkStatus();
      SIMCLR_RETURN_IF_ERROR(
          spec.status());  // a repeated request is answered whatever became of what it names
      SIMCLR_RETURN_IF_ERROR(DecideSubmission(decision, request.spec().after(), *after, *spec, made));
      RememberAnswer(decision, kSubmit, request.request_id(), hash, made->job().id());
      return absl::OkStatus();
    });
    if (absl::IsAborted(decided) && tries < kTries) continue;
    SIMCLR_RETURN_IF_ERROR(decided);
    if (earlier.has_value()) return JobOrRemains(earlier->job_id);
    return Describe(*made);
  }
}

absl::Status Coordinator::DecideSubmission(Decision& decision, const std::string& reference,
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
    SIMCLR_RETURN_IF_ERROR(CheckAfter(*before, reference));
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

absl::StatusOr<std::vector<Coordinator::PreparedJob>> Coordinator::PrepareAll(
    const v1::SubmitJobsRequest& request) const {
  std::vector<PreparedJob> prepared;
  std::vector<v1::JobRecord> records;  // of those to come, for the ones after them
  for (int i = 0; i < request.specs_size(); ++i) {
    const v1::JobSpec& spec = request.specs(i);
    PreparedJob job;
    job.after_spec = EarlierNamed(request, i);
    if (!job.after_spec.has_value()) {
      absl::StatusOr<JobPtr> known = ResolveAfter(spec);
      SIMCLR_RETURN_IF_ERROR(OfSpec(request, i, known.status()));
      job.after = *std::move(known);
    }
    const v1::JobRecord* before = job.after_spec.has_value() ? &records[*job.after_spec] : job.after.get();
    absl::StatusOr<v1::JobSpec> made = PrepareSpec(spec, before, options_.data_roots);
    SIMCLR_RETURN_IF_ERROR(OfSpec(request, i, made.status()));
    job.spec = *std::move(made);
    v1::JobRecord& record = records.emplace_back();
    *record.mutable_job() = NewJob(job.spec, "", before, clock_.Now());
    record.mutable_job()->set_id(spec.name());  // until it has one
    prepared.push_back(std::move(job));
  }
  return prepared;
}

absl::StatusOr<v1::SubmitJobsResponse> Coordinator::SubmitMany(const v1::SubmitJobsRequest& request,
                                                               const Caller& caller) {
  SIMCLR_RETURN_IF_ERROR(CheckSize(request));
  const std::string hash = ContentHash(request);
  for (int tries = 1;; ++tries) {
    const absl::StatusOr<std::vector<PreparedJob>> prepared = PrepareAll(request);
    if (request.validate_only()) return Validated(prepared);
    std::vector<JobPtr> made;
    std::optional<RequestRecord> earlier;
    const absl::Status decided = Perform(caller, [&](Decision& decision) -> absl::Status {
      SIMCLR_ASSIGN_OR_RETURN(earlier, FindAnswer(decision, kSubmitMany, request.request_id(), hash));
      if (earlier.has_value()) return absl::OkStatus();
      SIMCLR_RETURN_IF_ERROR(prepared.status());
      for (int i = 0; i < request.specs_size(); ++i) {
        SIMCLR_RETURN_IF_ERROR(
            OfSpec(request, i, DecidePrepared(decision, request.specs(i).after(), (*prepared)[i], made)));
      }
      const auto id = [](std::string* out, const JobPtr& job) { absl::StrAppend(out, job->job().id()); };
      RememberAnswer(decision, kSubmitMany, request.request_id(), hash, absl::StrJoin(made, " ", id));
      return absl::OkStatus();
    });
    if (absl::IsAborted(decided) && tries < kTries) continue;
    SIMCLR_RETURN_IF_ERROR(decided);
    if (earlier.has_value()) return AnswerAgain(earlier->job_id);
    v1::SubmitJobsResponse response;
    for (const JobPtr& job : made) *response.add_jobs() = Brief(job->job());
    return response;
  }
}

absl::Status Coordinator::DecidePrepared(Decision& decision, const std::string& reference,
                                         const PreparedJob& job, std::vector<JobPtr>& made) const {
  v1::JobSpec spec = job.spec;
  const JobPtr after = job.after_spec.has_value() ? made[*job.after_spec] : job.after;
  if (after != nullptr) spec.set_after(after->job().id());
  return DecideSubmission(decision, reference, after, spec, made.emplace_back());
}

absl::StatusOr<v1::SubmitJobsResponse> Coordinator::Validated(
    const absl::StatusOr<std::vector<PreparedJob>>& prepared) {
  SIMCLR_RETURN_IF_ERROR(prepared.status());
  v1::SubmitJobsResponse response;
  for (const PreparedJob& job : *prepared) {
    v1::SubmittedJob& valid = *response.add_jobs();
    valid.set_name(job.spec.name());
    valid.set_phase(job.spec.after().empty() ? v1::PHASE_QUEUED : v1::PHASE_BLOCKED);
  }
  return response;
}

absl::StatusOr<v1::SubmitJobsResponse> Coordinator::AnswerAgain(const std::string& ids) const {
  v1::SubmitJobsResponse response;
  for (absl::string_view id : absl::StrSplit(ids, ' ')) {
    SIMCLR_ASSIGN_OR_RETURN(const v1::Job job, JobOrRemains(std::string(id)));
    *response.add_jobs() = Brief(job);
  }
  return response;
}

}  // namespace simclr::coordinator
