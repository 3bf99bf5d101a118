#include "coordinator/core/decisions.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/job/proto_time.h"
#include "coordinator/policy/waiting_message.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

bool CommittedCheckpoint(const v1::JobRecord& record, int attempt) {
  return std::any_of(record.checkpoints().begin(), record.checkpoints().end(),
                     [&](const v1::Checkpoint& checkpoint) { return checkpoint.attempt() == attempt; });
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
  const Verdict verdict =
      DecideAfterAttempt(situation.options.restart, EndOf(situation, record, attempt, judgement));
  v1::Event event;
  v1::AttemptEnded& ended = *event.mutable_attempt_ended();
  ended.set_job_id(record.job().id());
  ended.set_attempt(attempt.summary().attempt());
  ended.set_failure(judgement.failure);
  ended.set_culprit_rank(judgement.culprit_rank);
  ended.set_attempt_message(judgement.message);
  ended.set_phase(verdict.phase);
  ended.set_reason(verdict.reason);
  ended.set_job_message(verdict.message);
  ended.set_counted(verdict.counted);
  if (verdict.wait > absl::ZeroDuration())
    *ended.mutable_not_before() = ToProto(situation.now.wall + verdict.wait);
  ended.set_failures_in_row(verdict.failures_in_row);
  ended.set_fruitless_attempts(verdict.fruitless_attempts);
  SetProgress(situation, record, attempt, ended);
  return event;
}

// A clock that jumped back cannot hold a job up for longer than the wait itself.
bool IsDue(const v1::JobStatus& status, absl::Time now, absl::Duration longest) {
  if (!status.has_not_before()) return true;
  const absl::Duration left = FromProto(status.not_before()) - now;
  return left <= absl::ZeroDuration() || left > longest;
}

v1::Event DependencyFailed(const v1::JobRecord& record, const std::string& message) {
  v1::Event event;
  v1::JobEnded& ended = *event.mutable_job_ended();
  ended.set_job_id(record.job().id());
  ended.set_phase(v1::PHASE_CANCELLED);
  ended.set_reason(v1::REASON_DEPENDENCY_FAILED);
  ended.set_message(message);
  return event;
}

v1::Event Queued(const v1::JobRecord& record) {
  v1::Event event;
  event.mutable_job_queued()->set_job_id(record.job().id());
  return event;
}

}  // namespace

std::vector<v1::Event> DecideGoneWorkers(const Situation& situation) {
  std::vector<v1::Event> events;
  for (const auto& [name, record] : situation.state.workers()) {
    if (record.gone()) continue;
    const Observations::WorkerNews* news = situation.observations.FindWorker(name);
    const bool left = news != nullptr && news->observed.leaving();
    const v1::WorkerState state = situation.observations.StateOf(situation.options.liveness, situation.state,
                                                                 record, situation.now.monotonic);
    if (!left && state != v1::WORKER_STATE_LOST) continue;
    v1::WorkerGone& gone = *events.emplace_back().mutable_worker_gone();
    gone.set_worker(name);
    gone.set_left(left);
  }
  return events;
}

std::vector<v1::Event> DecideEndedAttempts(const Situation& situation) {
  std::vector<v1::Event> events;
  for (const auto& [id, record] : situation.state.jobs()) {
    const v1::AttemptRecord* live = LiveAttempt(record);
    if (live == nullptr) continue;
    const AttemptView view = situation.observations.ViewOf(situation.options.liveness, situation.state,
                                                           record, *live, situation.now.monotonic);
    if (const auto judgement = JudgeAttempt(situation.options.judge, view)) {
      events.push_back(EndedEvent(situation, record, *live, *judgement));
    }
  }
  return events;
}

std::vector<v1::Event> DecideRunningAttempts(const Situation& situation) {
  std::vector<v1::Event> events;
  for (const auto& [id, record] : situation.state.jobs()) {
    const v1::AttemptRecord* live = LiveAttempt(record);
    if (live == nullptr || record.job().status().phase() != v1::PHASE_STARTING) continue;
    const v1::ObservedRank* first = nullptr;
    const bool all_started =
        std::all_of(live->ranks().begin(), live->ranks().end(), [&, &id = id](const v1::RankRecord& rank) {
          const v1::ObservedRank* seen = situation.observations.FindRank(id, live->summary().attempt(), rank);
          if (first == nullptr) first = seen;
          return seen != nullptr && seen->started();
        });
    if (!all_started) continue;
    v1::AttemptRunning& running = *events.emplace_back().mutable_attempt_running();
    running.set_job_id(id);
    running.set_attempt(live->summary().attempt());
    running.set_resumed_from_step(first->resumed_from_step());
    running.set_total_steps(first->total_steps());
    running.set_precision(first->precision());
  }
  return events;
}

std::vector<v1::Event> DecideReadyJobs(const Situation& situation) {
  std::vector<v1::Event> events;
  for (const auto& [id, record] : situation.state.jobs()) {
    const v1::JobStatus& status = record.job().status();
    if (status.phase() == v1::PHASE_PAUSED && status.reason() == v1::REASON_STORAGE_FULL &&
        IsDue(status, situation.now.wall, situation.options.restart.storage_retry)) {
      events.push_back(Queued(record));
    }
    if (status.phase() != v1::PHASE_BLOCKED) continue;
    const v1::JobRecord* before = situation.state.FindJob(record.job().spec().after());
    const v1::Phase phase = before == nullptr ? v1::PHASE_CANCELLED : before->job().status().phase();
    if (phase == v1::PHASE_SUCCEEDED) {
      events.push_back(Queued(record));
    } else if (IsTerminal(phase)) {
      events.push_back(DependencyFailed(
          record, absl::StrCat("job ", record.job().spec().after(), ", which it comes after, ended as ",
                               v1::Phase_Name(phase).substr(std::string("PHASE_").size()))));
    }
  }
  return events;
}

namespace {

// Slots where a trainer of an ended attempt has not gone yet.
std::set<int> LingeringSlots(const Situation& situation, const Observations::WorkerNews& news) {
  std::set<int> slots;
  for (const v1::ObservedRank& rank : news.observed.ranks()) {
    const v1::JobRecord* record = situation.state.FindJob(rank.job_id());
    const v1::AttemptRecord* attempt = record == nullptr ? nullptr : FindAttempt(*record, rank.attempt());
    if (attempt == nullptr) continue;
    for (const v1::RankRecord& placed : attempt->ranks()) {
      if (placed.rank() == rank.rank()) slots.insert(placed.slot());
    }
  }
  return slots;
}

// Since when the job's live attempt is placed.
absl::Time PlacedAt(const Situation& situation, const std::string& job_id) {
  const v1::JobRecord* record = situation.state.FindJob(job_id);
  const v1::AttemptRecord* live = record == nullptr ? nullptr : LiveAttempt(*record);
  return live == nullptr ? absl::InfinitePast() : FromProto(live->summary().placed_at());
}

WorkerView ViewOfWorker(const Situation& situation, const v1::WorkerRecord& record) {
  WorkerView view;
  const v1::Worker& worker = record.worker();
  view.name = worker.name();
  view.incarnation = worker.incarnation();
  const Observations::WorkerNews* news = situation.observations.FindWorker(worker.name());
  const bool connected = news != nullptr && situation.observations.StateOf(
                                                situation.options.liveness, situation.state, record,
                                                situation.now.monotonic) == v1::WORKER_STATE_CONNECTED;
  view.intake = connected ? Intake::kOpen : Intake::kSilent;
  const std::set<int> lingering = news == nullptr ? std::set<int>() : LingeringSlots(situation, *news);
  for (const v1::Slot& slot : worker.slots()) {
    SlotView& seen = view.slots.emplace_back(SlotView{slot.index(), slot.device(), slot.usable(), "", {}});
    const auto held = situation.state.allocations().find({worker.name(), slot.index()});
    if (held != situation.state.allocations().end()) {
      seen.holder = held->second;
      seen.held_since = PlacedAt(situation, held->second);
    } else if (lingering.count(slot.index()) > 0) {
      seen.holder = "an ended attempt";
      seen.held_since = absl::InfinitePast();
    }
  }
  return view;
}

SlotPool PoolOf(const Situation& situation) {
  SlotPool pool;
  for (const auto& [name, record] : situation.state.workers()) {
    if (!record.gone()) pool.SetWorker(ViewOfWorker(situation, record));
  }
  return pool;
}

v1::Event PlacedEvent(const v1::JobRecord& record, const GangDecision& decision, const std::string& nonce) {
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
  }
  return event;
}

GangRequest RequestOf(const v1::JobRecord& record) {
  const v1::JobSpec& spec = record.job().spec();
  const v1::JobStatus& status = record.job().status();
  return {record.job().id(),
          spec.resources().ranks(),
          spec.resources().device(),
          spec.schedule().priority(),
          FromProto(status.submitted_at()),
          FromProto(status.phase_since()),
          status.reason()};
}

GangQueue QueueOf(const Situation& situation) {
  GangQueue queue;
  for (const auto& [id, record] : situation.state.jobs()) {
    const v1::JobStatus& status = record.job().status();
    if (status.phase() != v1::PHASE_QUEUED) continue;
    if (IsDue(status, situation.now.wall, situation.options.restart.max_backoff))
      queue.Put(RequestOf(record));
  }
  return queue;
}

v1::Event WaitsEvent(const GangRequest& request, const GangDecision& decision, const SlotPool& pool) {
  v1::Event event;
  v1::JobWaits& waits = *event.mutable_job_waits();
  waits.set_job_id(decision.job_id);
  waits.set_reason(decision.reason);
  waits.set_message(WaitingMessage(
      request, {decision.device, pool.Count(decision.device), pool.reservation(decision.device), 0, {}, {}}));
  return event;
}

}  // namespace

std::vector<v1::Event> DecidePlacements(const Situation& situation, std::uint64_t random) {
  const GangQueue queue = QueueOf(situation);
  if (queue.size() == 0) return {};
  SlotPool pool = PoolOf(situation);
  SchedulingPass pass(situation.options.scheduler, queue, pool, situation.now.wall);
  std::vector<v1::Event> events;
  for (const GangDecision& decision : pass.Step()) {
    events.push_back(decision.gang.empty()
                         ? WaitsEvent(*queue.Find(decision.job_id), decision, pool)
                         : PlacedEvent(*situation.state.FindJob(decision.job_id), decision,
                                       absl::StrCat(absl::Hex(random + events.size(), absl::kZeroPad16))));
  }
  return events;
}

}  // namespace simclr::coordinator
