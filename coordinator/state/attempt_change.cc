#include "coordinator/state/attempt_change.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

// So many rows of retired checkpoints stay, for people.
constexpr int kRetiredRemembered = 16;

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

std::string CheckGang(const v1::AttemptPlaced& placed, const v1::JobRecord& record) {
  if (record.job().status().phase() != v1::PHASE_QUEUED) return "only a queued job is placed";
  if (placed.attempt() != record.attempts_size() + 1) return "attempts are numbered without a gap";
  if (placed.ranks_size() != record.job().spec().resources().ranks()) return "the gang is not complete";
  for (int i = 0; i < placed.ranks_size(); ++i) {
    if (placed.ranks(i).rank() != i) return "ranks are numbered without a gap";
  }
  return "";
}

void AddAttempt(const v1::Event& event, v1::JobRecord& record) {
  const v1::AttemptPlaced& placed = event.attempt_placed();
  v1::AttemptRecord& attempt = *record.add_attempts();
  v1::AttemptSummary& summary = *attempt.mutable_summary();
  summary.set_attempt(placed.attempt());
  summary.set_nonce(placed.nonce());
  summary.set_build(placed.build());
  summary.set_culprit_rank(-1);
  if (record.job().status().has_phase_since())
    *summary.mutable_queued_at() = record.job().status().phase_since();
  *summary.mutable_placed_at() = event.at();
  *attempt.mutable_ranks() = placed.ranks();
  attempt.set_device(placed.device());
  attempt.set_nonce(placed.nonce());
  for (const v1::Checkpoint& checkpoint : UsableCheckpoints(record))
    *attempt.add_resume() = KeyOf(checkpoint);
}

std::string TakeSlots(const StateReader& before, const v1::AttemptPlaced& placed, const v1::JobRecord& record,
                      Change& change) {
  for (const v1::RankRecord& rank : placed.ranks()) {
    const SlotKey slot{rank.worker(), rank.slot()};
    const std::string holder = before.HolderOf(slot);
    if (!holder.empty() || !change.slots.emplace(slot, record.job().id()).second) {
      return absl::StrCat("slot ", rank.slot(), " of worker ", rank.worker(), " is held by job ",
                          holder.empty() ? record.job().id() : holder, " and cannot be given to job ",
                          record.job().id());
    }
  }
  return "";
}

std::string PlaceAttempt(const StateReader& before, const v1::Event& event, v1::JobRecord& record,
                         Change& change) {
  const v1::AttemptPlaced& placed = event.attempt_placed();
  if (std::string problem = CheckGang(placed, record); !problem.empty()) return problem;
  AddAttempt(event, record);
  SetPhase(record, event, v1::PHASE_STARTING, v1::REASON_UNSPECIFIED, "");
  v1::JobStatus& status = *record.mutable_job()->mutable_status();
  status.set_attempt(placed.attempt());
  status.clear_not_before();
  record.clear_due();
  return TakeSlots(before, placed, record, change);
}

std::string RunAttempt(const v1::Event& event, v1::JobRecord& record) {
  const v1::AttemptRunning& running = event.attempt_running();
  v1::AttemptRecord* attempt = MutableLiveAttempt(record, running.attempt());
  if (attempt == nullptr || record.job().status().phase() != v1::PHASE_STARTING) {
    return "only a starting attempt begins to run";
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
  return "";
}

std::string ExitRank(const v1::Event& event, v1::JobRecord& record) {
  const v1::RankExited& exited = event.rank_exited();
  v1::AttemptRecord* attempt = MutableLiveAttempt(record, exited.attempt());
  if (attempt == nullptr || FindExit(*attempt, exited.exit().rank()) != nullptr) {
    return absl::StrCat("rank ", exited.exit().rank(), " of job ", exited.job_id(), " attempt ",
                        exited.attempt(), " cannot exit: it is not live");
  }
  *attempt->add_exits() = exited.exit();
  return "";
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

// Of failures that a slot's record remembers, so that it stays small.
constexpr int kFailuresRemembered = 8;

v1::SlotHealth& HealthOf(const v1::SlotRef& slot, v1::WorkerRecord& worker) {
  v1::SlotHealth* found = FindHealth(slot, worker);
  if (found == nullptr) {
    found = worker.add_health();
    found->set_slot(slot.slot());
    found->set_uuid(slot.uuid());
  }
  return *found;
}

// The job avoids the slot, whose record learns of the failure: the newest of each job.
void BlameSlot(const StateReader& before, const v1::Event& event, v1::JobRecord& record, Change& change) {
  const v1::AttemptEnded& ended = event.attempt_ended();
  const bool known = std::any_of(record.avoided().begin(), record.avoided().end(),
                                 [&](const auto& avoided) { return avoided.failure() == ended.failure(); });
  if (!known) {
    v1::AvoidedSlot& avoided = *record.add_avoided();
    *avoided.mutable_slot() = ended.blamed();
    avoided.set_failure(ended.failure());
  }
  const WorkerPtr worker = before.FindWorker(ended.blamed().worker());
  if (worker == nullptr) return;
  auto changed = std::make_shared<v1::WorkerRecord>(*worker);
  auto& failures = *HealthOf(ended.blamed(), *changed).mutable_failures();
  for (int i = failures.size() - 1; i >= 0; --i) {
    if (failures[i].job_id() == ended.job_id()) failures.DeleteSubrange(i, 1);
  }
  if (failures.size() == kFailuresRemembered) failures.DeleteSubrange(0, 1);
  v1::SlotFailure& failure = *failures.Add();
  failure.set_job_id(ended.job_id());
  failure.set_failure(ended.failure());
  *failure.mutable_at() = event.service_time();
  change.workers[worker->worker().name()] = std::move(changed);
}

void SumUp(const v1::Event& event, const v1::JobRecord& record, v1::AttemptSummary& summary) {
  const v1::AttemptEnded& ended = event.attempt_ended();
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
}

std::string EndAttempt(const StateReader& before, const v1::Event& event, v1::JobRecord& record,
                       Change& change) {
  const v1::AttemptEnded& ended = event.attempt_ended();
  v1::AttemptRecord* attempt = MutableLiveAttempt(record, ended.attempt());
  if (attempt == nullptr) return "only a live attempt ends";
  if (!IsTerminal(ended.phase()) && ended.phase() != v1::PHASE_QUEUED && ended.phase() != v1::PHASE_PAUSED) {
    return "after an attempt a job has ended, is queued or is paused";
  }
  for (const v1::RankRecord& rank : attempt->ranks()) change.slots[{rank.worker(), rank.slot()}] = "";
  if (ended.has_blamed()) BlameSlot(before, event, record, change);
  SumUp(event, record, *attempt->mutable_summary());
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
  return "";
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

std::string CommitCheckpoint(const v1::Event& event, v1::JobRecord& record) {
  const v1::Checkpoint& added = event.checkpoint_committed().checkpoint();
  if (MutableLiveAttempt(record, added.attempt()) == nullptr ||
      FindCheckpoint(record, KeyOf(added)) != nullptr) {
    return absl::StrCat("checkpoint at step ", added.step(), " of job ", added.job_id(),
                        " is committed twice or by a stale attempt");
  }
  for (const v1::CheckpointKey& key : event.checkpoint_committed().retired()) {
    for (v1::Checkpoint& checkpoint : *record.mutable_checkpoints()) {
      if (IsOf(checkpoint, key)) checkpoint.set_retired(true);
    }
  }
  *record.add_checkpoints() = added;
  ForgetRetired(record);
  return "";
}

std::string AdoptCheckpoint(const StateReader& before, const v1::Event& event, v1::JobRecord& record) {
  const v1::Checkpoint& added = event.checkpoint_adopted().checkpoint();
  const std::vector<v1::Checkpoint> usable = UsableCheckpoints(record);
  const bool newer = usable.empty() || added.step() > usable[0].step();
  if (!newer || FindCheckpoint(record, KeyOf(added)) != nullptr || before.IsCondemned(added.path())) {
    return absl::StrCat("checkpoint ", added.path(), " is not newer than what job ", added.job_id(),
                        " has, or is about to be removed");
  }
  *record.add_checkpoints() = added;
  return "";
}

}  // namespace

std::string ChangeAttempt(const StateReader& before, const v1::Event& event, v1::JobRecord& record,
                          Change& change) {
  switch (event.change_case()) {
    case v1::Event::kAttemptPlaced:
      return PlaceAttempt(before, event, record, change);
    case v1::Event::kAttemptRunning:
      return RunAttempt(event, record);
    case v1::Event::kRankExited:
      return ExitRank(event, record);
    case v1::Event::kAttemptEnded:
      return EndAttempt(before, event, record, change);
    case v1::Event::kCheckpointCommitted:
      return CommitCheckpoint(event, record);
    case v1::Event::kCheckpointAdopted:
      return AdoptCheckpoint(before, event, record);
    default:
      return "its kind is not known; it was written by a newer version";
  }
}

}  // namespace simclr::coordinator
