#include "coordinator/policy/gang_scheduler.h"

#include <iterator>
#include <utility>

namespace simclr::coordinator {
namespace {

constexpr v1::Device kDevices[] = {v1::DEVICE_CPU, v1::DEVICE_CUDA};

}  // namespace

SchedulingPass::SchedulingPass(const SchedulerOptions& options, GangQueue& queue, SlotPool& pool,
                               absl::Time now, Scope scope)
    : options_(options), queue_(queue), pool_(pool), now_(now), scope_(scope) {
  for (const v1::Device device : kDevices) {
    const std::optional<Reservation>& reservation = pool_.reservation(device);
    if (!reservation.has_value()) continue;
    const GangRequest* request = queue_.Find(reservation->job_id);
    if (request == nullptr || pool_.Resolve(request->device) != device) {
      pool_.Unreserve(device);
      scope_ = Scope::kAll;
    }
  }
  if (scope_ == Scope::kAll) return;
  for (const v1::Device device : kDevices) StateOf(device).reserved = pool_.reservation(device).has_value();
}

std::vector<GangDecision> SchedulingPass::Step(int requests) {
  std::vector<GangDecision> news;
  auto next = Next();
  auto last = queue_.end();
  for (; requests > 0 && next != queue_.end(); --requests) {
    if (scope_ == Scope::kNew && GoesBeforeReserved(*next, pool_.Resolve(next->device))) LookAtAllFrom(*next);
    GangDecision decision = Decide(*next);
    if (!decision.gang.empty() || decision.reason != next->reason) {
      decision.job_id = next->job_id;
      news.push_back(std::move(decision));
    }
    queue_.NoteLookedAt(next);
    last = next;
    next = scope_ == Scope::kNew ? queue_.FirstNew() : std::next(next);
  }
  if (last != queue_.end()) last_ = *last;
  done_ = next == queue_.end();
  return news;
}

GangQueue::const_iterator SchedulingPass::Next() const {
  if (scope_ == Scope::kNew) return queue_.FirstNew();
  return last_.has_value() ? queue_.After(*last_) : queue_.begin();
}

// Or is itself the job with the reservation.
bool SchedulingPass::GoesBeforeReserved(const GangRequest& request, v1::Device device) const {
  const std::optional<Reservation>& reservation = pool_.reservation(device);
  if (!reservation.has_value()) return false;
  const GangRequest* reserved = queue_.Find(reservation->job_id);
  return reserved == nullptr || !GoesBefore()(*reserved, request);
}

// A reservation may give way to it: what that leaves free is for those behind.
void SchedulingPass::LookAtAllFrom(const GangRequest& request) {
  scope_ = Scope::kAll;
  for (const v1::Device device : kDevices) {
    if (GoesBeforeReserved(request, device)) StateOf(device).reserved = false;
  }
}

GangDecision SchedulingPass::Decide(const GangRequest& request) {
  if (request.avoid.empty()) return DecideWithBarred(request);
  pool_.Bar(request.avoid);
  const v1::Device device = pool_.Resolve(request.device);
  if (pool_.Most(device, [](const SlotCounts& slots) { return slots.usable; }) < request.ranks) pool_.Unbar();
  GangDecision decision = DecideWithBarred(request);
  pool_.Unbar();
  return decision;
}

GangDecision SchedulingPass::DecideWithBarred(const GangRequest& request) {
  GangDecision decision;
  decision.device = pool_.Resolve(request.device);
  DeviceState& device = StateOf(decision.device);
  if (!device.reserved) GiveUpOlder(request, decision.device);
  if (request.ranks < device.refused) {
    decision.gang = pool_.TakeGang(decision.device, request.ranks, request.job_id, now_);
    if (!decision.gang.empty()) return decision;
    // What one job avoids may be enough for the next.
    if (request.avoid.empty()) device.refused = request.ranks;
  }
  decision.reason = WhyNot(decision.device, request.ranks);
  const bool will_fit =
      pool_.Most(decision.device, [](const SlotCounts& slots) { return slots.usable; }) >= request.ranks;
  if (will_fit && !device.reserved && now_ - request.queued_at >= options_.starvation_limit) {
    pool_.Reserve(decision.device, request.ranks, request.job_id);
    device.reserved = pool_.reservation(decision.device).has_value();
  }
  return decision;
}

v1::Reason SchedulingPass::WhyNot(v1::Device device, int ranks) const {
  const auto most = [&](auto measure) { return pool_.Most(device, measure); };
  const SlotCounts all = pool_.Count(device);
  if (most([](const SlotCounts& slots) { return slots.usable; }) < ranks) {
    const int with_excluded = most([](const SlotCounts& slots) { return slots.usable + slots.excluded; });
    if (with_excluded >= ranks) return v1::REASON_NODES_EXCLUDED;
    return all.usable >= ranks ? v1::REASON_VERSIONS_DIFFER : v1::REASON_NO_SUCH_CAPACITY;
  }
  // What came free in the midst of a pass is offered in the next.
  if (most([](const SlotCounts& slots) { return slots.room(); }) >= ranks)
    return v1::REASON_WAITING_FOR_CAPACITY;
  const int with_excluded = most([](const SlotCounts& slots) { return slots.room() + slots.excluded_free; });
  if (with_excluded >= ranks) return v1::REASON_NODES_EXCLUDED;
  return all.room() >= ranks ? v1::REASON_VERSIONS_DIFFER : v1::REASON_WAITING_FOR_CAPACITY;
}

// Ends the reservation of the pass before, where its job's turn has come or one that goes before needs the
// slots.
void SchedulingPass::GiveUpOlder(const GangRequest& request, v1::Device device) {
  const std::optional<Reservation>& older = pool_.reservation(device);
  if (!older.has_value()) return;
  const auto most = [&](auto measure) { return pool_.Most(device, measure); };
  const bool needed = most([](const SlotCounts& slots) { return slots.room(); }) < request.ranks &&
                      most([](const SlotCounts& slots) { return slots.free; }) >= request.ranks;
  if (needed || older->job_id == request.job_id) pool_.Unreserve(device);
}

SchedulingPass::DeviceState& SchedulingPass::StateOf(v1::Device device) {
  return devices_[device == v1::DEVICE_CUDA ? 1 : 0];
}

}  // namespace simclr::coordinator
