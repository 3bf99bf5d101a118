#include "coordinator/state/job_record.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>

#include "absl/strings/str_split.h"
#include "common/base/ids.h"

namespace simclr::coordinator {

std::string JobOf(const v1::Event& event) {
  switch (event.change_case()) {
    case v1::Event::kJobWaits:
      return event.job_waits().job_id();
    case v1::Event::kJobQueued:
      return event.job_queued().job_id();
    case v1::Event::kJobEnded:
      return event.job_ended().job_id();
    case v1::Event::kJobStopping:
      return event.job_stopping().job_id();
    case v1::Event::kAttemptPlaced:
      return event.attempt_placed().job_id();
    case v1::Event::kAttemptRunning:
      return event.attempt_running().job_id();
    case v1::Event::kRankExited:
      return event.rank_exited().job_id();
    case v1::Event::kAttemptEnded:
      return event.attempt_ended().job_id();
    case v1::Event::kCheckpointCommitted:
      return event.checkpoint_committed().checkpoint().job_id();
    case v1::Event::kJobSubmitted:
      return event.job_submitted().job().id();
    case v1::Event::kJobDeleted:
      return event.job_deleted().job_id();
    case v1::Event::kCheckpointAdopted:
      return event.checkpoint_adopted().checkpoint().job_id();
    default:
      return "";
  }
}

bool IsTerminal(v1::Phase phase) {
  return phase == v1::PHASE_SUCCEEDED || phase == v1::PHASE_FAILED || phase == v1::PHASE_CANCELLED;
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

const v1::AttemptRecord* LiveAttempt(const v1::JobRecord& record) {
  if (record.attempts().empty()) return nullptr;
  const v1::AttemptRecord& last = *record.attempts().rbegin();
  return last.summary().has_ended_at() ? nullptr : &last;
}

const v1::AttemptRecord* FindAttempt(const v1::JobRecord& record, int attempt) {
  return attempt >= 1 && attempt <= record.attempts_size() ? &record.attempts(attempt - 1) : nullptr;
}

const v1::ExitRecord* FindExit(const v1::AttemptRecord& attempt, int rank) {
  for (const v1::ExitRecord& exit : attempt.exits()) {
    if (exit.rank() == rank) return &exit;
  }
  return nullptr;
}

const v1::Checkpoint* FindCheckpoint(const v1::JobRecord& record, const v1::CheckpointKey& key) {
  for (const v1::Checkpoint& checkpoint : record.checkpoints()) {
    if (IsOf(checkpoint, key)) return &checkpoint;
  }
  return nullptr;
}

v1::CheckpointKey KeyOf(const v1::Checkpoint& checkpoint) {
  v1::CheckpointKey key;
  key.set_attempt(checkpoint.attempt());
  key.set_step(checkpoint.step());
  key.set_nonce(checkpoint.nonce());
  return key;
}

bool IsCommitted(const v1::JobRecord& record, const std::string& nonce, int attempt, std::int64_t step) {
  return std::any_of(
      record.checkpoints().begin(), record.checkpoints().end(), [&](const v1::Checkpoint& checkpoint) {
        return checkpoint.attempt() == attempt && checkpoint.nonce() == nonce && checkpoint.step() >= step;
      });
}

std::vector<std::string> JobsNamedBy(const v1::JobSpec& spec) {
  std::vector<std::string> jobs;
  if (!spec.after().empty()) jobs.push_back(spec.after());
  for (const absl::string_view name : absl::StrSplit(spec.model().init(), '/')) {
    if (IsJobId(name)) jobs.emplace_back(name);
  }
  return jobs;
}

bool IsOf(const v1::Checkpoint& checkpoint, const v1::CheckpointKey& key) {
  return checkpoint.attempt() == key.attempt() && checkpoint.step() == key.step() &&
         checkpoint.nonce() == key.nonce();
}

bool IsSameSlot(const v1::SlotRef& slot, const v1::SlotRef& other) {
  if (slot.worker() != other.worker()) return false;
  const bool gpus = !slot.uuid().empty() && !other.uuid().empty();
  return gpus ? slot.uuid() == other.uuid() : slot.slot() == other.slot();
}

const v1::SlotHealth* FindHealth(const v1::SlotRef& slot, const v1::WorkerRecord& worker) {
  for (const v1::SlotHealth& health : worker.health()) {
    v1::SlotRef place;
    place.set_worker(worker.worker().name());
    place.set_slot(health.slot());
    place.set_uuid(health.uuid());
    if (IsSameSlot(place, slot)) return &health;
  }
  return nullptr;
}

v1::SlotHealth* FindHealth(const v1::SlotRef& slot, v1::WorkerRecord& worker) {
  return const_cast<v1::SlotHealth*>(FindHealth(slot, static_cast<const v1::WorkerRecord&>(worker)));
}

v1::SlotRef RefOf(const std::string& worker, const v1::Slot& slot) {
  v1::SlotRef ref;
  ref.set_worker(worker);
  ref.set_slot(slot.index());
  ref.set_uuid(slot.uuid());
  return ref;
}

std::vector<v1::Checkpoint> UsableCheckpoints(const v1::JobRecord& record) {
  std::vector<v1::Checkpoint> usable;
  for (auto it = record.checkpoints().rbegin(); it != record.checkpoints().rend(); ++it) {
    if (!it->retired()) usable.push_back(*it);
  }
  return usable;
}

bool MayBeInUse(const v1::JobRecord& record, const v1::Checkpoint& checkpoint) {
  const v1::AttemptRecord* live = LiveAttempt(record);
  if (live == nullptr) return false;
  const bool offered = std::any_of(live->resume().begin(), live->resume().end(),
                                   [&](const v1::CheckpointKey& key) { return IsOf(checkpoint, key); });
  return offered &&
         (!live->summary().has_running_at() || live->summary().resumed_from_step() == checkpoint.step());
}

std::vector<v1::CheckpointKey> RetiredByCommit(const v1::JobRecord& record) {
  const int keep = std::max(1, record.job().spec().checkpoint().keep());
  const std::vector<v1::Checkpoint> usable = UsableCheckpoints(record);
  std::vector<v1::CheckpointKey> retired;
  for (std::size_t i = static_cast<std::size_t>(keep) - 1; i < usable.size(); ++i) {
    if (MayBeInUse(record, usable[i])) continue;
    retired.push_back(KeyOf(usable[i]));
  }
  return retired;
}

void RetireBeyondKeep(v1::JobRecord& record) {
  int left = std::max(1, record.job().spec().checkpoint().keep());
  auto& rows = *record.mutable_checkpoints();
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    if (!row->retired() && left-- <= 0) row->set_retired(true);
  }
}

v1::JobRecord StubOf(const v1::JobRecord& record) {
  v1::JobRecord stub = record;
  stub.clear_attempts();
  stub.clear_checkpoints();
  return stub;
}

v1::Job PublicJob(const v1::JobRecord& record) {
  v1::Job job = record.job();
  v1::JobStatus& status = *job.mutable_status();
  for (const v1::AttemptRecord& attempt : record.attempts()) *status.add_attempts() = attempt.summary();
  if (record.attempts().empty()) return job;
  for (const v1::RankRecord& rank : record.attempts().rbegin()->ranks()) {
    v1::Placement& placement = *status.add_placement();
    placement.set_rank(rank.rank());
    placement.set_worker(rank.worker());
    placement.set_slot(rank.slot());
  }
  return job;
}

}  // namespace simclr::coordinator
