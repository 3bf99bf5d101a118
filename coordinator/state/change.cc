#include "coordinator/state/change.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "coordinator/state/cleanup.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

// So many rows of retired checkpoints stay, for people.
constexpr int kRetiredRemembered = 16;

absl::Status Broken(const v1::Event& event, absl::string_view what) {
  return absl::InternalError(absl::StrCat("event ", event.revision(), " breaks an invariant: ", what));
}

// Null unless `attempt` is the live one.
v1::AttemptRecord* MutableLiveAttempt(v1::JobRecord& record, int attempt) {
  const v1::AttemptRecord* live = LiveAttempt(record);
  if (live == nullptr || live->summary().attempt() != attempt) return nullptr;
  return record.mutable_attempts(record.attempts_size() - 1);
}

// When the attempt committed its newest checkpoint, else when it began to run.
google::protobuf::Timestamp LastSaved(const v1::JobRecord& record, const v1::AttemptSummary& attempt) {
  google::protobuf::Timestamp saved = attempt.running_at();
  for (const v1::Checkpoint& checkpoint : record.checkpoints()) {
    const bool later = checkpoint.attempt() == attempt.attempt() && checkpoint.committed_at() > saved;
    if (later) saved = checkpoint.committed_at();
  }
  return saved;
}

void SetPhase(v1::JobRecord& record, const v1::Event& event, v1::Phase phase, v1::Reason reason,
              const std::string& message) {
  v1::JobStatus& status = *record.mutable_job()->mutable_status();
  if (status.phase() != phase) {
    if (status.phase() == v1::PHASE_PAUSED) {
      *record.mutable_paused() = record.paused() + (event.service_time() - record.paused_at());
      record.clear_paused_at();
    }
    if (phase == v1::PHASE_PAUSED) *record.mutable_paused_at() = event.service_time();
    if (phase == v1::PHASE_QUEUED) *record.mutable_queued_at() = event.service_time();
    *status.mutable_phase_since() = event.at();
  }
  status.set_phase(phase);
  status.set_reason(reason);
  status.set_message(message);
}

// Of the ended job that a new one comes after.
absl::Status AddStub(const StateReader& before, const v1::Event& event, Change& change) {
  const v1::JobSubmitted& submitted = event.job_submitted();
  if (!submitted.has_after()) return absl::OkStatus();
  const std::string& id = submitted.after().job().id();
  const JobPtr known = before.FindJob(id);
  const bool open = known != nullptr && IsOpen(*known);
  if (open || IsOpen(submitted.after()) || submitted.job().spec().after() != id) {
    return Broken(event, absl::StrCat("job ", id, " is not an ended one that job ", submitted.job().id(),
                                      " comes after"));
  }
  change.stubs[id] = std::make_shared<v1::JobRecord>(submitted.after());
  return absl::OkStatus();
}

absl::Status SubmitJob(const StateReader& before, const v1::Event& event, Change& change) {
  const v1::JobSubmitted& submitted = event.job_submitted();
  const std::string& id = submitted.job().id();
  if (id <= before.last_job_id()) {
    return Broken(event, absl::StrCat("job id ", id, " does not follow the newest one"));
  }
  const v1::Phase phase = submitted.job().status().phase();
  if (phase != v1::PHASE_BLOCKED && phase != v1::PHASE_QUEUED)
    return Broken(event, "a job begins blocked or queued");
  SIMCLR_RETURN_IF_ERROR(AddStub(before, event, change));
  auto record = std::make_shared<v1::JobRecord>();
  *record->mutable_job() = submitted.job();
  v1::JobStatus& status = *record->mutable_job()->mutable_status();
  *status.mutable_phase_since() = status.submitted_at();
  record->set_spec_hash(submitted.spec_hash());
  record->set_revision(event.revision());
  *record->mutable_submitted_at() = event.service_time();
  *record->mutable_queued_at() = event.service_time();
  change.jobs[id] = std::move(record);
  return absl::OkStatus();
}

absl::Status PlaceAttempt(const StateReader& before, const v1::Event& event, v1::JobRecord& record,
                          Change& change) {
  const v1::AttemptPlaced& placed = event.attempt_placed();
  if (record.job().status().phase() != v1::PHASE_QUEUED) return Broken(event, "only a queued job is placed");
  if (placed.attempt() != record.attempts_size() + 1) {
    return Broken(event, "attempts are numbered without a gap");
  }
  if (placed.ranks_size() != record.job().spec().resources().ranks()) {
    return Broken(event, "the gang is not complete");
  }
  for (int i = 0; i < placed.ranks_size(); ++i) {
    if (placed.ranks(i).rank() != i) return Broken(event, "ranks are numbered without a gap");
  }
  v1::AttemptRecord& attempt = *record.add_attempts();
  v1::AttemptSummary& summary = *attempt.mutable_summary();
  summary.set_attempt(placed.attempt());
  summary.set_nonce(placed.nonce());
  summary.set_culprit_rank(-1);
  if (record.job().status().has_phase_since())
    *summary.mutable_queued_at() = record.job().status().phase_since();
  *summary.mutable_placed_at() = event.at();
  *attempt.mutable_ranks() = placed.ranks();
  attempt.set_device(placed.device());
  attempt.set_nonce(placed.nonce());
  for (const v1::Checkpoint& checkpoint : UsableCheckpoints(record))
    *attempt.add_resume() = KeyOf(checkpoint);
  SetPhase(record, event, v1::PHASE_STARTING, v1::REASON_UNSPECIFIED, "");
  v1::JobStatus& status = *record.mutable_job()->mutable_status();
  status.set_attempt(placed.attempt());
  status.clear_not_before();
  record.clear_due();
  for (const v1::RankRecord& rank : placed.ranks()) {
    const SlotKey slot{rank.worker(), rank.slot()};
    const std::string holder = before.HolderOf(slot);
    if (!holder.empty() || !change.slots.emplace(slot, record.job().id()).second) {
      return Broken(event, absl::StrCat("slot ", rank.slot(), " of worker ", rank.worker(),
                                        " is held by job ", holder.empty() ? record.job().id() : holder,
                                        " and cannot be given to job ", record.job().id()));
    }
  }
  return absl::OkStatus();
}

absl::Status RunAttempt(const v1::Event& event, v1::JobRecord& record) {
  const v1::AttemptRunning& running = event.attempt_running();
  v1::AttemptRecord* attempt = MutableLiveAttempt(record, running.attempt());
  if (attempt == nullptr || record.job().status().phase() != v1::PHASE_STARTING) {
    return Broken(event, "only a starting attempt begins to run");
  }
  *attempt->mutable_summary()->mutable_running_at() = event.at();
  attempt->mutable_summary()->set_resumed_from_step(running.resumed_from_step());
  SetPhase(record, event, v1::PHASE_RUNNING, v1::REASON_UNSPECIFIED, "");
  v1::JobStatus& status = *record.mutable_job()->mutable_status();
  if (!status.has_started_at()) *status.mutable_started_at() = event.at();
  if (status.precision().empty()) status.set_precision(running.precision());
  status.set_resumed_from_step(running.resumed_from_step());
  // Epochs are proportional to steps, so the earlier attempt's pair tells the epoch that is resumed.
  const double epoch_per_step = status.step() > 0 ? status.epoch() / static_cast<double>(status.step()) : 0.0;
  status.set_epoch(epoch_per_step * static_cast<double>(running.resumed_from_step()));
  status.set_step(running.resumed_from_step());
  status.set_total_steps(running.total_steps());
  return absl::OkStatus();
}

absl::Status ExitRank(const v1::Event& event, v1::JobRecord& record) {
  const v1::RankExited& exited = event.rank_exited();
  v1::AttemptRecord* attempt = MutableLiveAttempt(record, exited.attempt());
  if (attempt == nullptr || FindExit(*attempt, exited.exit().rank()) != nullptr) {
    return Broken(event, absl::StrCat("rank ", exited.exit().rank(), " of job ", exited.job_id(), " attempt ",
                                      exited.attempt(), " cannot exit: it is not live"));
  }
  *attempt->add_exits() = exited.exit();
  return absl::OkStatus();
}

// What the exits said is in the job's status and in the summary; who exited stays, to know a repeated report.
void ForgetWords(v1::AttemptRecord& attempt) {
  for (v1::ExitRecord& exit : *attempt.mutable_exits()) {
    exit.clear_message();
    exit.clear_results();
  }
}

void TakeResults(const v1::AttemptRecord& attempt, v1::JobStatus& status) {
  const v1::ExitRecord* exit = FindExit(attempt, 0);
  if (exit == nullptr) return;
  for (const auto& [name, value] : exit->results()) (*status.mutable_results())[name] = value;
  if (exit->total_steps() > 0) status.set_total_steps(exit->total_steps());
}

absl::Status EndAttempt(const v1::Event& event, v1::JobRecord& record, Change& change) {
  const v1::AttemptEnded& ended = event.attempt_ended();
  v1::AttemptRecord* attempt = MutableLiveAttempt(record, ended.attempt());
  if (attempt == nullptr) return Broken(event, "only a live attempt ends");
  if (!IsTerminal(ended.phase()) && ended.phase() != v1::PHASE_QUEUED && ended.phase() != v1::PHASE_PAUSED) {
    return Broken(event, "after an attempt a job has ended, is queued or is paused");
  }
  for (const v1::RankRecord& rank : attempt->ranks()) change.slots[{rank.worker(), rank.slot()}] = "";
  v1::AttemptSummary& summary = *attempt->mutable_summary();
  *summary.mutable_ended_at() = event.at();
  summary.set_ended_by(ended.failure());
  summary.set_culprit_rank(ended.culprit_rank());
  summary.set_message(ended.attempt_message());
  summary.set_step(ended.step());
  if (record.job().status().phase() == v1::PHASE_STOPPING) {
    *summary.mutable_stopping_at() = record.job().status().phase_since();
  }
  if (!IsTerminal(ended.phase()) && summary.has_running_at()) {
    *summary.mutable_lost_time() = event.at() - LastSaved(record, summary);
  }
  SetPhase(record, event, ended.phase(), ended.reason(), ended.job_message());
  v1::JobStatus& status = *record.mutable_job()->mutable_status();
  status.set_failure(ended.failure());
  status.set_step(ended.step());
  status.set_epoch(ended.epoch());
  if (ended.counted()) status.set_restarts(status.restarts() + 1);
  if (ended.has_not_before()) *status.mutable_not_before() = ended.not_before();
  if (ended.has_wait()) *record.mutable_due() = event.service_time() + ended.wait();
  TakeResults(*attempt, status);
  ForgetWords(*attempt);
  record.set_failures_in_row(ended.failures_in_row());
  record.set_fruitless_attempts(ended.fruitless_attempts());
  return absl::OkStatus();
}

void ForgetRetired(v1::JobRecord& record) {
  int retired = 0;
  for (const v1::Checkpoint& checkpoint : record.checkpoints()) retired += checkpoint.retired() ? 1 : 0;
  auto& rows = *record.mutable_checkpoints();
  for (int i = 0; retired > kRetiredRemembered && i < rows.size();) {
    if (!rows[i].retired()) {
      ++i;
      continue;
    }
    rows.DeleteSubrange(i, 1);
    --retired;
  }
}

absl::Status CommitCheckpoint(const v1::Event& event, v1::JobRecord& record) {
  const v1::Checkpoint& added = event.checkpoint_committed().checkpoint();
  if (MutableLiveAttempt(record, added.attempt()) == nullptr ||
      FindCheckpoint(record, KeyOf(added)) != nullptr) {
    return Broken(event, absl::StrCat("checkpoint at step ", added.step(), " of job ", added.job_id(),
                                      " is committed twice or by a stale attempt"));
  }
  for (const v1::CheckpointKey& key : event.checkpoint_committed().retired()) {
    for (v1::Checkpoint& checkpoint : *record.mutable_checkpoints()) {
      if (IsOf(checkpoint, key)) checkpoint.set_retired(true);
    }
  }
  *record.add_checkpoints() = added;
  ForgetRetired(record);
  return absl::OkStatus();
}

absl::Status AdoptCheckpoint(const StateReader& before, const v1::Event& event, v1::JobRecord& record) {
  const v1::Checkpoint& added = event.checkpoint_adopted().checkpoint();
  const std::vector<v1::Checkpoint> usable = UsableCheckpoints(record);
  const bool newer = usable.empty() || added.step() > usable[0].step();
  if (!newer || FindCheckpoint(record, KeyOf(added)) != nullptr || before.IsCondemned(added.path())) {
    return Broken(event, absl::StrCat("checkpoint ", added.path(), " is not newer than what job ",
                                      added.job_id(), " has, or is about to be removed"));
  }
  *record.add_checkpoints() = added;
  return absl::OkStatus();
}

absl::Status ChangeJob(const StateReader& before, const v1::Event& event, v1::JobRecord& record,
                       Change& change) {
  const v1::Phase phase = record.job().status().phase();
  switch (event.change_case()) {
    case v1::Event::kJobWaits:
      if (LiveAttempt(record) != nullptr) return Broken(event, "a job with a live attempt waits for nothing");
      SetPhase(record, event, phase, event.job_waits().reason(), event.job_waits().message());
      return absl::OkStatus();
    case v1::Event::kJobQueued:
      if (phase != v1::PHASE_BLOCKED && phase != v1::PHASE_PAUSED) {
        return Broken(event, "only a blocked or a paused job is queued again");
      }
      SetPhase(record, event, v1::PHASE_QUEUED, v1::REASON_EVALUATING, "");
      record.clear_due();
      return absl::OkStatus();
    case v1::Event::kJobEnded:
      if (LiveAttempt(record) != nullptr) return Broken(event, "a job with a live attempt cannot end");
      if (!IsTerminal(event.job_ended().phase()))
        return Broken(event, "a job ends in a phase that is an end");
      SetPhase(record, event, event.job_ended().phase(), event.job_ended().reason(),
               event.job_ended().message());
      return absl::OkStatus();
    case v1::Event::kJobStopping:
      if (LiveAttempt(record) == nullptr) return Broken(event, "only a live attempt can be stopped");
      SetPhase(record, event, v1::PHASE_STOPPING, v1::REASON_CANCELLED_BY_USER,
               "cancelled; its ranks are being stopped");
      return absl::OkStatus();
    case v1::Event::kAttemptPlaced:
      return PlaceAttempt(before, event, record, change);
    case v1::Event::kAttemptRunning:
      return RunAttempt(event, record);
    case v1::Event::kRankExited:
      return ExitRank(event, record);
    case v1::Event::kAttemptEnded:
      return EndAttempt(event, record, change);
    case v1::Event::kCheckpointCommitted:
      return CommitCheckpoint(event, record);
    case v1::Event::kCheckpointAdopted:
      return AdoptCheckpoint(before, event, record);
    default:
      return Broken(event, "its kind is not known; it was written by a newer version");
  }
}

absl::Status ChangeWorker(const StateReader& before, const v1::Event& event, Change& change) {
  auto record = std::make_shared<v1::WorkerRecord>();
  if (event.has_worker_registered()) {
    *record->mutable_worker() = event.worker_registered().worker();
    record->set_nonce(event.worker_registered().nonce());
  } else {
    const WorkerPtr known = before.FindWorker(event.worker_gone().worker());
    if (known == nullptr) return Broken(event, "the worker that is gone was never there");
    *record = *known;
    record->set_gone(true);
    record->set_left(event.worker_gone().left());
  }
  change.workers[record->worker().name()] = std::move(record);
  return absl::OkStatus();
}

absl::Status ChangeOpenJob(const StateReader& before, const v1::Event& event, Change& change) {
  const std::string id = JobOf(event);
  const JobPtr known = before.FindJob(id);
  if (known == nullptr) return Broken(event, absl::StrCat("there is no open job '", id, "'"));
  if (!IsOpen(*known)) return Broken(event, absl::StrCat("job ", id, " has ended"));
  auto record = std::make_shared<v1::JobRecord>(*known);
  record->set_revision(event.revision());
  SIMCLR_RETURN_IF_ERROR(ChangeJob(before, event, *record, change));
  if (!IsOpen(*record)) {
    *record->mutable_job()->mutable_status()->mutable_ended_at() = event.at();
    *record->mutable_ended_at() = event.service_time();
    RetireBeyondKeep(*record);
  }
  change.jobs[id] = std::move(record);
  return absl::OkStatus();
}

bool IsCleanup(const v1::Event& event) {
  return event.has_job_deleted() || event.has_files_condemned() || event.has_files_collected();
}

std::string CleanUp(const StateReader& before, const v1::Event& event, Change& change) {
  if (event.has_job_deleted()) return DeleteJob(before, event, change);
  if (event.has_files_condemned()) return CondemnFiles(before, event.files_condemned(), change);
  return CollectFiles(before, event.files_collected(), change);
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
  if (IsCleanup(event)) {
    const std::string problem = CleanUp(before, event, change);
    if (!problem.empty()) return Broken(event, problem);
  } else if (event.has_job_submitted()) {
    SIMCLR_RETURN_IF_ERROR(SubmitJob(before, event, change));
  } else if (event.has_worker_registered() || event.has_worker_gone()) {
    SIMCLR_RETURN_IF_ERROR(ChangeWorker(before, event, change));
  } else {
    SIMCLR_RETURN_IF_ERROR(ChangeOpenJob(before, event, change));
  }
  return change;
}

}  // namespace simclr::coordinator
