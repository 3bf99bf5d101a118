#include "coordinator/core/ticker.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "common/base/logging.h"
#include "common/job/proto_time.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

constexpr int kRequestsAtOnce = 64;  // between two looks at the clock

bool IsLive(const v1::JobRecord& record) {
  return LiveAttempt(record) != nullptr;
}

}  // namespace

Ticker::Ticker(TickerOptions options, const ServiceClock& clock, Observations& observations,
               CoordinatorObserver& observer)
    : options_(std::move(options)),
      clock_(clock),
      observations_(observations),
      observer_(observer),
      slots_counted_at_(clock.Now().monotonic) {}

void Ticker::Rebuild(const ClusterState& state) {
  pass_.reset();
  queue_ = GangQueue();
  pool_ = SlotPool();
  shown_.clear();
  plan_wanted_ = true;
  const Moment now = clock_.Now();
  for (const auto& [name, worker] : state.workers()) agenda_.AddWorker(name);
  for (const auto& [id, record] : state.jobs()) {
    agenda_.AddJob(id);
    FollowQueue(*record, now);
  }
}

void Ticker::OnApplied(const ClusterState& state, const std::vector<CheckedEvent>& events) {
  const Moment now = clock_.Now();
  for (const CheckedEvent& checked : events) {
    const bool only_why = checked.event.has_job_waits();
    for (const auto& [id, record] : checked.change.jobs) {
      FollowQueue(*record, now);
      if (only_why) continue;
      agenda_.AddJob(id);
      if (IsOpen(*record)) continue;
      observations_.Forget(id);
      for (const std::string& dependent : state.DependentsOf(id)) agenda_.AddJob(dependent);
    }
    for (const auto& [name, worker] : checked.change.workers) {
      agenda_.AddWorker(name);
      for (const std::string& job : state.JobsOn(name)) agenda_.AddJob(job);
    }
    for (const auto& [slot, holder] : checked.change.slots) agenda_.AddWorker(slot.first);
  }
}

void Ticker::FollowQueue(const v1::JobRecord& record, const Moment& now) {
  const std::string& id = record.job().id();
  const bool queued = record.job().status().phase() == v1::PHASE_QUEUED;
  if (queued && IsDue(record, now.service)) {
    queue_.Put(RequestOf(record));
    return;
  }
  queue_.Remove(id);
  if (record.has_due()) agenda_.AddJobAt(id, now.monotonic + FromProto(record.due()) - now.service);
}

absl::Duration Ticker::NextSlice() const {
  if (in_tick_) return -absl::InfiniteDuration();
  const bool now = agenda_.HasNext() || plan_wanted_ || queue_.HasNew();
  absl::Duration due = now ? -absl::InfiniteDuration() : agenda_.NextDue().value_or(absl::InfiniteDuration());
  if (queue_.size() > 0) due = std::min(due, planned_at_ + options_.plan_again);
  return std::max(due, ended_at_ + options_.coalesce);
}

void Ticker::Slice(Decision& decision) {
  const absl::Duration deadline = decision.now().monotonic + options_.slice;
  if (!in_tick_) {
    NoteSlotTime(decision.base(), decision.now());
    tick_took_ = absl::ZeroDuration();
  }
  in_tick_ = true;
  LookAround(decision, deadline);
  const absl::Duration took = clock_.Now().monotonic - decision.now().monotonic;
  observer_.OnSlice(took);
  tick_took_ += took;
  if (!in_tick_) observer_.OnTick(tick_took_);
}

void Ticker::LookAround(Decision& decision, absl::Duration deadline) {
  agenda_.Gather(decision.now().monotonic);
  while (const auto worker = agenda_.NextWorker()) {
    LookAtWorker(decision, *worker);
    if (clock_.Now().monotonic >= deadline) return;
  }
  while (const auto job = agenda_.NextJob()) {
    LookAtJob(decision, *job);
    if (clock_.Now().monotonic >= deadline) return;
  }
  // What was decided so far is placed upon once it is durable.
  if (!decision.state().events().empty()) return;
  Schedule(decision, deadline);
  if (pass_.has_value() || !decision.state().events().empty()) return;
  in_tick_ = false;
  ended_at_ = clock_.Now().monotonic;
}

void Ticker::Abandon(const ClusterState& state) {
  Rebuild(state);
  in_tick_ = false;
  ended_at_ = clock_.Now().monotonic + options_.look_again;
}

Situation Ticker::SituationOf(const Decision& decision) const {
  return {options_.policy, decision.state(), observations_, decision.now()};
}

void Ticker::LookAtWorker(Decision& decision, const std::string& name) {
  WorkerPtr worker = decision.state().FindWorker(name);
  if (worker == nullptr) return;
  if (auto event = DecideWorker(SituationOf(decision), *worker)) {
    const absl::Status added = decision.Add(*std::move(event));
    if (!added.ok()) return observer_.OnInvariantRefused(added);
    worker = decision.state().FindWorker(name);
  }
  if (worker->gone()) {
    pool_.RemoveWorker(name);
    plan_wanted_ |= shown_.erase(name) > 0;
    return;
  }
  agenda_.AddWorkerAt(name, decision.now().monotonic + options_.look_again);
  WorkerView view = ViewOfWorker(SituationOf(decision), *worker);
  const auto [known, added] = shown_.try_emplace(name);
  if (!added && known->second == view) return;
  pool_.SetWorker(view);
  known->second = std::move(view);
  plan_wanted_ = true;
}

void Ticker::LookAtJob(Decision& decision, const std::string& id) {
  const JobPtr record = decision.state().FindJob(id);
  if (record == nullptr || !IsOpen(*record)) return;
  if (record->job().status().phase() == v1::PHASE_QUEUED) return FollowQueue(*record, decision.now());
  observations_.FollowAttempt(*record, decision.now().monotonic);
  auto event = DecideJob(SituationOf(decision), *record);
  if (event.has_value()) {
    const absl::Status added = decision.Add(*std::move(event));
    if (!added.ok()) observer_.OnInvariantRefused(added);
  } else if (IsLive(*record)) {
    agenda_.AddJobAt(id, decision.now().monotonic + options_.look_again);
  } else {
    FollowQueue(*record, decision.now());
  }
}

void Ticker::Schedule(Decision& decision, absl::Duration deadline) {
  const Moment& now = decision.now();
  if (!pass_.has_value()) {
    const bool stale = queue_.size() > 0 && now.monotonic - planned_at_ >= options_.plan_again;
    const bool all = std::exchange(plan_wanted_, false) || stale;
    if (!all && !queue_.HasNew()) return;
    using Scope = SchedulingPass::Scope;
    pass_.emplace(options_.policy.scheduler, queue_, pool_, SchedulerTime(now.service),
                  all ? Scope::kAll : Scope::kNew);
    if (all) planned_at_ = now.monotonic;
  }
  while (!pass_->done()) {
    for (const GangDecision& gang : pass_->Step(kRequestsAtOnce)) Obey(decision, gang);
    if (clock_.Now().monotonic >= deadline) break;
  }
  observer_.OnScheduled(clock_.Now().monotonic - now.monotonic);
  if (!pass_->done()) return;
  pass_.reset();
  Show(decision.base());
}

void Ticker::Obey(Decision& decision, const GangDecision& gang) {
  const JobPtr record = decision.state().FindJob(gang.job_id);
  const absl::Status added = decision.Add(
      gang.gang.empty() ? WaitsEvent(gang)
                        : PlacedEvent(decision.state(), *record, gang, HexId(options_.random())));
  if (added.ok()) return;
  observer_.OnInvariantRefused(added);
  for (const RankSlot& slot : gang.gang) pool_.Release(slot.worker, slot.slot);
}

void Ticker::NoteSlotTime(const ClusterState& state, const Moment& now) {
  const absl::Duration passed = now.monotonic - slots_counted_at_;
  if (passed < options_.look_again) return;
  slots_counted_at_ = now.monotonic;
  std::map<v1::JobKind, int> held;
  for (const auto& [slot, job] : state.allocations()) ++held[state.FindJob(job)->job().spec().kind()];
  for (const auto& [kind, slots] : held) observer_.OnSlotsHeld(kind, slots * passed);
}

void Ticker::Show(const ClusterState& state) {
  Board board;
  for (const v1::Device device : {v1::DEVICE_CPU, v1::DEVICE_CUDA}) {
    WaitingView& view = board.devices[device];
    view = {device, pool_.Count(device), pool_.reservation(device), 0, {}, {}, {}, pool_.Builds(device)};
    for (const auto& [name, worker] : state.workers()) {
      const auto& slots = worker->worker().slots();
      const bool has = std::any_of(slots.begin(), slots.end(),
                                   [device](const v1::Slot& slot) { return slot.device() == device; });
      if (worker->gone() && has) (worker->left() ? view.left : view.lost).push_back(name);
    }
  }
  for (const auto& [name, index] : pool_.excluded()) {
    for (const SlotView& slot : shown_.at(name).slots) {
      if (slot.index == index) board.devices[slot.device].excluded.push_back(absl::StrCat(name, "/", index));
    }
  }
  for (const v1::Device wanted : {v1::DEVICE_UNSPECIFIED, v1::DEVICE_AUTO, v1::DEVICE_CPU, v1::DEVICE_CUDA}) {
    board.resolved[wanted] = pool_.Resolve(wanted);
  }
  absl::MutexLock lock(&mutex_);
  board_ = std::move(board);
}

std::string Ticker::WaitsFor(const v1::JobRecord& record) const {
  const GangRequest request = RequestOf(record);
  absl::MutexLock lock(&mutex_);
  const auto device = board_.resolved.find(request.device);
  if (device == board_.resolved.end()) return "";
  return WaitingMessage(request, board_.devices.at(device->second));
}

}  // namespace simclr::coordinator
