#include "coordinator/core/decisions.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "common/job/enum_word.h"
#include "common/job/proto_time.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

bool CommittedCheckpoint(const v1::JobRecord& record, int attempt) {
  return std::any_of(record.checkpoints().begin(), record.checkpoints().end(),
                     [&](const v1::Checkpoint& checkpoint) { return checkpoint.attempt() == attempt; });
}

// Where the culprit ran; nothing: there is none.
std::optional<v1::SlotRef> CulpritSlot(const v1::AttemptRecord& attempt, const Judgement& judgement) {
  for (const v1::RankRecord& rank : attempt.ranks()) {
    if (rank.rank() != judgement.culprit_rank) continue;
    v1::SlotRef slot;
    slot.set_worker(rank.worker());
    slot.set_slot(rank.slot());
    slot.set_uuid(rank.uuid());
    return slot;
  }
  return std::nullopt;
}

AttemptEnd EndOf(const Situation& situation, const v1::JobRecord& record, const v1::AttemptRecord& attempt,
                 const Judgement& judgement) {
  AttemptEnd end;
  end.failure = judgement.failure;
  end.message = judgement.message;
  end.committed = CommittedCheckpoint(record, attempt.summary().attempt());
  if (attempt.summary().has_running_at()) {
    end.ran = situation.now.wall - FromProto(attempt.summary().running_at());
  }
  if (const auto usable = UsableCheckpoints(record); !usable.empty()) end.last_good_step = usable[0].step();
  end.restarts = record.job().status().restarts();
  end.max_restarts = record.job().spec().schedule().max_restarts();
  end.failures_in_row = record.failures_in_row();
  end.fruitless_attempts = record.fruitless_attempts();
  return end;
}

// The last step and epoch anybody heard of: of the exits, else of the observations.
void SetProgress(const Situation& situation, const v1::JobRecord& record, const v1::AttemptRecord& attempt,
                 v1::AttemptEnded& ended) {
  ended.set_step(record.job().status().step());
  ended.set_epoch(record.job().status().epoch());
  if (const auto progress = situation.observations.FindProgress(record)) {
    ended.set_step(std::max(ended.step(), progress->step));
    ended.set_epoch(std::max(ended.epoch(), progress->epoch));
  }
  for (const v1::ExitRecord& exit : attempt.exits()) {
    ended.set_step(std::max(ended.step(), exit.step()));
    ended.set_epoch(std::max(ended.epoch(), exit.epoch()));
  }
}

v1::Event EndedEvent(const Situation& situation, const v1::JobRecord& record,
                     const v1::AttemptRecord& attempt, const Judgement& judgement) {
  const std::optional<v1::SlotRef> slot = CulpritSlot(attempt, judgement);
  const Blame blame = BlameFor(judgement.failure, slot.has_value() ? &*slot : nullptr, record);
  AttemptEnd end = EndOf(situation, record, attempt, judgement);
  end.jobs_fault = blame == Blame::kJob;
  const Verdict verdict = DecideAfterAttempt(situation.options.restart, end);
  v1::Event event;
  v1::AttemptEnded& ended = *event.mutable_attempt_ended();
  ended.set_job_id(record.job().id());
  ended.set_attempt(attempt.summary().attempt());
  ended.set_failure(judgement.failure);
  ended.set_culprit_rank(judgement.culprit_rank);
  ended.set_attempt_message(judgement.message);
  if (blame == Blame::kSlot) *ended.mutable_blamed() = *slot;
  ended.set_phase(verdict.phase);
  ended.set_reason(verdict.reason);
  ended.set_job_message(verdict.message);
  ended.set_counted(verdict.counted);
  if (verdict.wait > absl::ZeroDuration()) {
    *ended.mutable_not_before() = ToProto(situation.now.wall + verdict.wait);
    *ended.mutable_wait() = ToProto(verdict.wait);
  }
  ended.set_failures_in_row(verdict.failures_in_row);
  ended.set_fruitless_attempts(verdict.fruitless_attempts);
  SetProgress(situation, record, attempt, ended);
  return event;
}

std::optional<v1::Event> DependencyFailed(const v1::JobRecord& record, const std::string& message) {
  v1::Event event;
  v1::JobEnded& ended = *event.mutable_job_ended();
  ended.set_job_id(record.job().id());
  ended.set_phase(v1::PHASE_CANCELLED);
  ended.set_reason(v1::REASON_DEPENDENCY_FAILED);
  ended.set_message(message);
  return event;
}

std::optional<v1::Event> Queued(const v1::JobRecord& record) {
  v1::Event event;
  event.mutable_job_queued()->set_job_id(record.job().id());
  return event;
}

std::optional<v1::Event> DecideRunning(const Situation& situation, const v1::JobRecord& record,
                                       const v1::AttemptRecord& live) {
  if (record.job().status().phase() != v1::PHASE_STARTING) return std::nullopt;
  std::shared_ptr<const v1::ObservedRank> first;
  for (const v1::RankRecord& rank : live.ranks()) {
    const auto seen = situation.observations.FindRank(record.job().id(), live, rank);
    if (seen == nullptr || !seen->started()) return std::nullopt;
    if (first == nullptr) first = seen;
  }
  v1::Event event;
  v1::AttemptRunning& running = *event.mutable_attempt_running();
  running.set_job_id(record.job().id());
  running.set_attempt(live.summary().attempt());
  running.set_resumed_from_step(first->resumed_from_step());
  running.set_total_steps(first->total_steps());
  running.set_precision(first->precision());
  return event;
}

std::optional<v1::Event> DecideBlocked(const Situation& situation, const v1::JobRecord& record) {
  const JobPtr before = situation.state.FindJob(record.job().spec().after());
  const v1::Phase phase = before == nullptr ? v1::PHASE_CANCELLED : before->job().status().phase();
  if (phase == v1::PHASE_SUCCEEDED) return Queued(record);
  if (!IsTerminal(phase)) return std::nullopt;
  return DependencyFailed(record, absl::StrCat("job ", record.job().spec().after(),
                                               ", which it comes after, ended as ", EnumWord(phase)));
}

}  // namespace

bool IsDue(const v1::JobRecord& record, absl::Duration service_now) {
  return !record.has_due() || FromProto(record.due()) <= service_now;
}

namespace {

std::optional<v1::Event> DecideSlots(const Situation& situation, const v1::WorkerRecord& worker) {
  for (const v1::SlotHealth& health : worker.health()) {
    const auto exclusion = DecideExclusion(situation.options.exclusion, health, situation.now.service);
    if (!exclusion.has_value()) continue;
    v1::Event event;
    v1::SlotExcluded& excluded = *event.mutable_slot_excluded();
    excluded.mutable_slot()->set_worker(worker.worker().name());
    excluded.mutable_slot()->set_slot(health.slot());
    excluded.mutable_slot()->set_uuid(health.uuid());
    *excluded.mutable_span() = ToProto(exclusion->span);
    *excluded.mutable_until() = ToProto(situation.now.wall + exclusion->span);
    excluded.set_reason(exclusion->reason);
    return event;
  }
  return std::nullopt;
}

}  // namespace

std::optional<v1::Event> DecideWorker(const Situation& situation, const v1::WorkerRecord& worker) {
  if (worker.gone()) return std::nullopt;
  const std::string& name = worker.worker().name();
  const auto news = situation.observations.FindWorker(name);
  const bool left =
      news.has_value() && news->observed->leaving() && news->observed->nonce() == worker.nonce();
  const v1::WorkerState state =
      situation.observations.StateOf(situation.options.liveness, worker, situation.now.monotonic);
  if (!left && state != v1::WORKER_STATE_LOST) return DecideSlots(situation, worker);
  v1::Event event;
  event.mutable_worker_gone()->set_worker(name);
  event.mutable_worker_gone()->set_left(left);
  return event;
}

std::optional<v1::Event> DecideJob(const Situation& situation, const v1::JobRecord& record) {
  if (const v1::AttemptRecord* live = LiveAttempt(record)) {
    const AttemptView view = situation.observations.ViewOf(situation.options.liveness, situation.state,
                                                           record, *live, situation.now.monotonic);
    if (const auto judgement = JudgeAttempt(situation.options.judge, view)) {
      return EndedEvent(situation, record, *live, *judgement);
    }
    return DecideRunning(situation, record, *live);
  }
  const v1::JobStatus& status = record.job().status();
  if (status.phase() == v1::PHASE_BLOCKED) return DecideBlocked(situation, record);
  const bool stopped_by_disk =
      status.phase() == v1::PHASE_PAUSED && status.reason() == v1::REASON_STORAGE_FULL;
  return stopped_by_disk && IsDue(record, situation.now.service) ? Queued(record) : std::nullopt;
}

GangRequest RequestOf(const v1::JobRecord& record) {
  const v1::JobSpec& spec = record.job().spec();
  GangRequest request{record.job().id(),
                      spec.resources().ranks(),
                      spec.resources().device(),
                      spec.schedule().priority(),
                      SchedulerTime(FromProto(record.submitted_at()) + FromProto(record.paused())),
                      SchedulerTime(FromProto(record.queued_at())),
                      record.job().status().reason(),
                      {}};
  for (const v1::AvoidedSlot& avoided : record.avoided()) request.avoid.push_back(avoided.slot());
  return request;
}

absl::Time ExcludedUntil(const v1::WorkerRecord& worker, const v1::Slot& slot, absl::Duration service_now) {
  if (worker.health().empty()) return absl::InfinitePast();  // as almost all of them
  const v1::SlotHealth* health = FindHealth(RefOf(worker.worker().name(), slot), worker);
  const bool excluded = health != nullptr && FromProto(health->excluded_until()) > service_now;
  return excluded ? SchedulerTime(FromProto(health->excluded_until())) : absl::InfinitePast();
}

namespace {

Intake IntakeOf(const Situation& situation, const v1::WorkerRecord& worker) {
  const v1::WorkerState state =
      situation.observations.StateOf(situation.options.liveness, worker, situation.now.monotonic);
  return state == v1::WORKER_STATE_CONNECTED ? Intake::kOpen : Intake::kSilent;
}

// The jobs of trainers that live on the worker, by slot: also of attempts that ended, until they have gone.
std::map<int, std::string> TrainersOn(const Situation& situation, const std::string& worker) {
  std::map<int, std::string> jobs;
  const auto news = situation.observations.FindWorker(worker);
  if (!news.has_value()) return jobs;
  for (const v1::ObservedRank& rank : news->observed->ranks()) jobs[rank.slot()] = rank.job_id();
  return jobs;
}

absl::Time HeldSince(const StateReader& state, const std::string& job) {
  const JobPtr record = state.FindJob(job);
  const v1::AttemptRecord* live = record == nullptr ? nullptr : LiveAttempt(*record);
  return live == nullptr ? absl::InfinitePast() : FromProto(live->summary().placed_at());
}

}  // namespace

WorkerView ViewOfWorker(const Situation& situation, const v1::WorkerRecord& worker) {
  WorkerView view;
  view.name = worker.worker().name();
  view.incarnation = worker.worker().incarnation();
  view.intake = IntakeOf(situation, worker);
  view.build = worker.worker().build();
  std::map<int, std::string> trainers = TrainersOn(situation, view.name);
  for (const v1::Slot& slot : worker.worker().slots()) {
    SlotView& seen = view.slots.emplace_back();
    seen.index = slot.index();
    seen.device = slot.device();
    seen.usable = slot.usable();
    seen.uuid = slot.uuid();
    seen.excluded_until = ExcludedUntil(worker, slot, situation.now.service);
    seen.holder = situation.state.HolderOf({view.name, slot.index()});
    if (seen.holder.empty()) seen.holder = trainers[slot.index()];
    if (!seen.holder.empty()) seen.held_since = HeldSince(situation.state, seen.holder);
  }
  return view;
}

v1::Event PlacedEvent(const StateReader& state, const v1::JobRecord& record, const GangDecision& decision,
                      const std::string& nonce) {
  v1::Event event;
  v1::AttemptPlaced& placed = *event.mutable_attempt_placed();
  placed.set_job_id(record.job().id());
  placed.set_attempt(record.attempts_size() + 1);
  placed.set_device(decision.device);
  placed.set_nonce(nonce);
  for (std::size_t i = 0; i < decision.gang.size(); ++i) {
    v1::RankRecord& rank = *placed.add_ranks();
    rank.set_rank(static_cast<int>(i));
    rank.set_worker(decision.gang[i].worker);
    rank.set_incarnation(decision.gang[i].incarnation);
    rank.set_slot(decision.gang[i].slot);
    const WorkerPtr worker = state.FindWorker(rank.worker());
    if (worker == nullptr) continue;
    placed.set_build(worker->worker().build());
    for (const v1::Slot& slot : worker->worker().slots()) {
      if (slot.index() == rank.slot()) rank.set_uuid(slot.uuid());
    }
  }
  return event;
}

v1::Event WaitsEvent(const GangDecision& decision) {
  v1::Event event;
  event.mutable_job_waits()->set_job_id(decision.job_id);
  event.mutable_job_waits()->set_reason(decision.reason);
  return event;
}

}  // namespace simclr::coordinator
