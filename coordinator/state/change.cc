#include "coordinator/state/change.h"

#include <google/protobuf/util/time_util.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/state/attempt_change.h"
#include "coordinator/state/cleanup.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

absl::Status Broken(const v1::Event& event, absl::string_view what) {
  return absl::InternalError(absl::StrCat("event ", event.revision(), " breaks an invariant: ", what));
}

// Of the ended job that a new one comes after.
std::string AddStub(const StateReader& before, const v1::Event& event, Change& change) {
  const v1::JobSubmitted& submitted = event.job_submitted();
  if (!submitted.has_after()) return "";
  const std::string& id = submitted.after().job().id();
  const JobPtr known = before.FindJob(id);
  const bool open = known != nullptr && IsOpen(*known);
  if (open || IsOpen(submitted.after()) || submitted.job().spec().after() != id) {
    return absl::StrCat("job ", id, " is not an ended one that job ", submitted.job().id(), " comes after");
  }
  change.stubs[id] = std::make_shared<v1::JobRecord>(submitted.after());
  return "";
}

std::string SubmitJob(const StateReader& before, const v1::Event& event, Change& change) {
  const v1::JobSubmitted& submitted = event.job_submitted();
  const std::string& id = submitted.job().id();
  if (id <= before.last_job_id()) {
    return absl::StrCat("job id ", id, " does not follow the newest one");
  }
  const v1::Phase phase = submitted.job().status().phase();
  if (phase != v1::PHASE_BLOCKED && phase != v1::PHASE_QUEUED) return "a job begins blocked or queued";
  if (std::string problem = AddStub(before, event, change); !problem.empty()) return problem;
  auto record = std::make_shared<v1::JobRecord>();
  *record->mutable_job() = submitted.job();
  v1::JobStatus& status = *record->mutable_job()->mutable_status();
  *status.mutable_phase_since() = status.submitted_at();
  record->set_spec_hash(submitted.spec_hash());
  record->set_revision(event.revision());
  *record->mutable_submitted_at() = event.service_time();
  *record->mutable_queued_at() = event.service_time();
  change.jobs[id] = std::move(record);
  return "";
}

std::string ChangeJob(const StateReader& before, const v1::Event& event, v1::JobRecord& record,
                      Change& change) {
  const v1::Phase phase = record.job().status().phase();
  switch (event.change_case()) {
    case v1::Event::kJobWaits:
      if (LiveAttempt(record) != nullptr) return "a job with a live attempt waits for nothing";
      SetPhase(record, event, phase, event.job_waits().reason(), event.job_waits().message());
      return "";
    case v1::Event::kJobQueued:
      if (phase != v1::PHASE_BLOCKED && phase != v1::PHASE_PAUSED) {
        return "only a blocked or a paused job is queued again";
      }
      SetPhase(record, event, v1::PHASE_QUEUED, v1::REASON_EVALUATING, "");
      record.clear_due();
      return "";
    case v1::Event::kJobEnded:
      if (LiveAttempt(record) != nullptr) return "a job with a live attempt cannot end";
      if (!IsTerminal(event.job_ended().phase())) return "a job ends in a phase that is an end";
      SetPhase(record, event, event.job_ended().phase(), event.job_ended().reason(),
               event.job_ended().message());
      return "";
    case v1::Event::kJobStopping:
      if (LiveAttempt(record) == nullptr) return "only a live attempt can be stopped";
      SetPhase(record, event, v1::PHASE_STOPPING, v1::REASON_CANCELLED_BY_USER,
               "cancelled; its ranks are being stopped");
      return "";
    default:
      return ChangeAttempt(before, event, record, change);
  }
}

// The failures that led to it count no more.
std::string ExcludeSlot(const v1::Event& event, v1::WorkerRecord& record) {
  const v1::SlotExcluded& excluded = event.slot_excluded();
  v1::SlotHealth* health = FindHealth(excluded.slot(), record);
  if (health == nullptr) return "no job failed in the slot that is excluded";
  *health->mutable_excluded_until() = event.service_time() + excluded.span();
  *health->mutable_span() = excluded.span();
  *health->mutable_until() = excluded.until();
  health->set_reason(excluded.reason());
  health->clear_failures();
  return "";
}

std::string ChangeSlot(const StateReader& before, const v1::Event& event, Change& change) {
  const WorkerPtr known = before.FindWorker(event.slot_excluded().slot().worker());
  if (known == nullptr) return "the worker whose slot is excluded was never there";
  auto record = std::make_shared<v1::WorkerRecord>(*known);
  if (std::string problem = ExcludeSlot(event, *record); !problem.empty()) return problem;
  change.workers[record->worker().name()] = std::move(record);
  return "";
}

std::string ChangeWorker(const StateReader& before, const v1::Event& event, Change& change) {
  auto record = std::make_shared<v1::WorkerRecord>();
  if (event.has_worker_registered()) {
    *record->mutable_worker() = event.worker_registered().worker();
    record->set_nonce(event.worker_registered().nonce());
    const WorkerPtr known = before.FindWorker(record->worker().name());
    if (known != nullptr) *record->mutable_health() = known->health();
  } else {
    const WorkerPtr known = before.FindWorker(event.worker_gone().worker());
    if (known == nullptr) return "the worker that is gone was never there";
    *record = *known;
    record->set_gone(true);
    record->set_left(event.worker_gone().left());
  }
  change.workers[record->worker().name()] = std::move(record);
  return "";
}

std::string ChangeOpenJob(const StateReader& before, const v1::Event& event, Change& change) {
  const std::string id = JobOf(event);
  const JobPtr known = before.FindJob(id);
  if (known == nullptr) return absl::StrCat("there is no open job '", id, "'");
  if (!IsOpen(*known)) return absl::StrCat("job ", id, " has ended");
  auto record = std::make_shared<v1::JobRecord>(*known);
  record->set_revision(event.revision());
  if (std::string problem = ChangeJob(before, event, *record, change); !problem.empty()) return problem;
  if (!IsOpen(*record)) {
    *record->mutable_job()->mutable_status()->mutable_ended_at() = event.at();
    *record->mutable_ended_at() = event.service_time();
    RetireBeyondKeep(*record);
  }
  change.jobs[id] = std::move(record);
  return "";
}

bool IsCleanup(const v1::Event& event) {
  return event.has_job_deleted() || event.has_files_condemned() || event.has_files_collected();
}

std::string CleanUp(const StateReader& before, const v1::Event& event, Change& change) {
  if (event.has_job_deleted()) return DeleteJob(before, event, change);
  if (event.has_files_condemned()) return CondemnFiles(before, event.files_condemned(), change);
  return CollectFiles(before, event.files_collected(), change);
}

// Fills `change` in; what is wrong with the event: empty, nothing.
std::string Problem(const StateReader& before, const v1::Event& event, Change& change) {
  if (IsCleanup(event)) return CleanUp(before, event, change);
  if (event.has_job_submitted()) return SubmitJob(before, event, change);
  if (event.has_worker_registered() || event.has_worker_gone()) return ChangeWorker(before, event, change);
  if (event.has_slot_excluded()) return ChangeSlot(before, event, change);
  return ChangeOpenJob(before, event, change);
}

}  // namespace

absl::StatusOr<Change> Derive(const StateReader& before, const v1::Event& event) {
  if (event.revision() != before.revision() + 1) {
    return Broken(event, absl::StrCat("it follows revision ", before.revision()));
  }
  Change change;
  change.revision = event.revision();
  change.at = event.at();
  change.service_time = event.service_time();
  if (event.has_event_dropped()) return change;
  const std::string problem = Problem(before, event, change);
  if (!problem.empty()) return Broken(event, problem);
  return change;
}

}  // namespace simclr::coordinator
