#include "coordinator/policy/slot_pool.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace simclr::coordinator {
namespace {

void Add(const SlotCounts& counts, int sign, SlotCounts& sum) {
  sum.present += sign * counts.present;
  sum.usable += sign * counts.usable;
  sum.open += sign * counts.open;
  sum.free += sign * counts.free;
  sum.kept += sign * counts.kept;
  sum.excluded += sign * counts.excluded;
  sum.excluded_free += sign * counts.excluded_free;
}

}  // namespace

struct SlotPool::Candidate {
  Worker* worker = nullptr;
  std::vector<Slot*> slots;  // as they are expected to be free

  int size() const { return static_cast<int>(slots.size()); }
  // When the holder of the last of the first `count` started.
  absl::Time Last(int count) const { return FreeFrom(*slots[static_cast<std::size_t>(count) - 1]); }
  static absl::Time FreeFrom(const Slot& slot) {
    return slot.view.holder.empty() ? absl::InfinitePast() : slot.view.held_since;
  }
};

bool SlotPool::LessRoom::operator()(const Room& a, const Room& b) const {
  return std::tie(a.first, *a.second) < std::tie(b.first, *b.second);
}

void SlotPool::SetWorker(const WorkerView& view) {
  Worker& worker = workers_[view.name];
  Uncount(worker);
  ForgetWishes(worker);
  std::vector<Slot> slots;
  for (const SlotView& slot : view.slots) {
    const Slot* before = FindSlot(worker, slot.index);
    const bool same = before != nullptr && before->view.device == slot.device;
    slots.push_back({slot, same && before->reserved, same && before->excluded, false});
  }
  std::stable_sort(slots.begin(), slots.end(),
                   [](const Slot& a, const Slot& b) { return a.view.index < b.view.index; });
  slots.erase(std::unique(slots.begin(), slots.end(),
                          [](const Slot& a, const Slot& b) { return a.view.index == b.view.index; }),
              slots.end());
  worker.name = view.name;
  worker.incarnation = view.incarnation;
  worker.intake = view.intake;
  worker.build = view.build;
  worker.slots = std::move(slots);
  for (const Slot& slot : worker.slots) {
    if (slot.view.excluded_until > absl::InfinitePast()) wishes_.insert({worker.name, slot.view.index});
  }
  Recount(worker);
  SettleExclusions();
}

void SlotPool::RemoveWorker(absl::string_view name) {
  const auto found = workers_.find(name);
  if (found == workers_.end()) return;
  Uncount(found->second);
  ForgetWishes(found->second);
  workers_.erase(found);
  SettleExclusions();
}

void SlotPool::Take(absl::string_view name, int index, absl::string_view holder, absl::Time since) {
  const auto found = workers_.find(name);
  Slot* slot = found == workers_.end() ? nullptr : FindSlot(found->second, index);
  if (slot == nullptr) return;
  Uncount(found->second);
  slot->view.holder = std::string(holder);
  slot->view.held_since = since;
  Recount(found->second);
}

void SlotPool::Release(absl::string_view name, int index) {
  Take(name, index, "", absl::InfinitePast());
}

SlotCounts SlotPool::Count(v1::Device device) const {
  return counts_[PlaceOf(device)];
}

v1::Device SlotPool::Resolve(v1::Device wanted) const {
  if (wanted == v1::DEVICE_CPU || wanted == v1::DEVICE_CUDA) return wanted;
  return Count(v1::DEVICE_CUDA).present > 0 ? v1::DEVICE_CUDA : v1::DEVICE_CPU;
}

std::vector<RankSlot> SlotPool::TakeGang(v1::Device device, int ranks, absl::string_view holder,
                                         absl::Time since) {
  const std::size_t place = PlaceOf(device);
  const OfBuild* build = BestBuild(place, ranks);
  if (build == nullptr) return {};
  std::vector<RankSlot> gang;
  gang.reserve(static_cast<std::size_t>(ranks));
  const std::string first;  // before all names
  for (int left = ranks; left > 0; left = ranks - static_cast<int>(gang.size())) {
    const std::set<Room, LessRoom>& rooms = build->rooms;
    auto best = rooms.lower_bound({left, &first});
    if (best == rooms.end()) best = rooms.lower_bound({rooms.rbegin()->first, &first});
    TakeFrom(workers_.find(*best->second)->second, place, std::min(left, best->first), holder, since, gang);
  }
  return gang;
}

// Null: none has the room.
SlotPool::OfBuild* SlotPool::BestBuild(std::size_t device, int ranks) {
  OfBuild *whole = nullptr, *largest = nullptr;
  Room least;
  const std::string first;  // before all names
  for (auto& [build, slots] : builds_[device]) {
    if (slots.counts.room() < ranks) continue;
    if (largest == nullptr || slots.counts.room() > largest->counts.room()) largest = &slots;
    const auto room = slots.rooms.lower_bound({ranks, &first});
    if (room == slots.rooms.end() || (whole != nullptr && !LessRoom()(*room, least))) continue;
    whole = &slots;
    least = *room;
  }
  return whole != nullptr ? whole : largest;
}

void SlotPool::Reserve(v1::Device device, int ranks, absl::string_view job_id) {
  Unreserve(device);
  const BuildMap& builds = builds_[PlaceOf(device)];
  const auto build = std::max_element(builds.begin(), builds.end(), [](const auto& a, const auto& b) {
    return a.second.counts.open < b.second.counts.open;
  });
  if (build == builds.end() || build->second.counts.open < ranks) return;
  const std::vector<Candidate> candidates = Candidates(device, build->first);
  Reservation reservation{std::string(job_id), {}};
  auto next = candidates.begin();
  int left = ranks;
  for (; next->size() < left; ++next) {
    ReserveFrom(*next, next->size(), reservation);
    left -= next->size();
  }
  // Of those that hold the rest, which come first, the one that is expected to have the room first.
  const auto end = std::find_if(next, candidates.end(), [&](const Candidate& c) { return c.size() < left; });
  const auto first = std::min_element(
      next, end, [&](const Candidate& a, const Candidate& b) { return a.Last(left) < b.Last(left); });
  ReserveFrom(*first, left, reservation);
  reservations_[PlaceOf(device)] = std::move(reservation);
}

void SlotPool::ReserveFrom(const Candidate& candidate, int count, Reservation& reservation) {
  Worker& worker = *candidate.worker;
  Uncount(worker);
  for (int i = 0; i < count; ++i) {
    Slot& slot = *candidate.slots[static_cast<std::size_t>(i)];
    slot.reserved = true;
    reservation.slots.push_back({worker.name, worker.incarnation, slot.view.index});
  }
  Recount(worker);
}

// The open workers of `build` with slots of `device`, the largest first; of equal ones that which is expected
// to be free first, then by name.
std::vector<SlotPool::Candidate> SlotPool::Candidates(v1::Device device, const std::string& build) {
  std::vector<Candidate> candidates;
  for (auto& [name, worker] : workers_) {
    if (worker.build != build || worker.counts[PlaceOf(device)].open == 0) continue;
    Candidate candidate{&worker, {}};
    for (Slot& slot : worker.slots) {
      if (slot.usable() && PlaceOf(slot.view.device) == PlaceOf(device)) candidate.slots.push_back(&slot);
    }
    std::stable_sort(candidate.slots.begin(), candidate.slots.end(), [](const Slot* a, const Slot* b) {
      return Candidate::FreeFrom(*a) < Candidate::FreeFrom(*b);
    });
    candidates.push_back(std::move(candidate));
  }
  std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return std::make_tuple(-a.size(), a.Last(a.size())) < std::make_tuple(-b.size(), b.Last(b.size()));
  });
  return candidates;
}

void SlotPool::Unreserve(v1::Device device) {
  std::optional<Reservation>& reservation = reservations_[PlaceOf(device)];
  if (!reservation.has_value()) return;
  for (const RankSlot& reserved : reservation->slots) {
    const auto found = workers_.find(reserved.worker);
    Slot* slot = found == workers_.end() ? nullptr : FindSlot(found->second, reserved.slot);
    if (slot == nullptr) continue;
    Uncount(found->second);
    slot->reserved = false;
    Recount(found->second);
  }
  reservation.reset();
}

const std::optional<Reservation>& SlotPool::reservation(v1::Device device) const {
  return reservations_[PlaceOf(device)];
}

SlotPool::Slot* SlotPool::FindSlot(Worker& worker, int index) {
  const auto found = std::lower_bound(worker.slots.begin(), worker.slots.end(), index,
                                      [](const Slot& slot, int i) { return slot.view.index < i; });
  return found != worker.slots.end() && found->view.index == index ? &*found : nullptr;
}

std::map<std::string, std::string> SlotPool::Builds(v1::Device device) const {
  std::map<std::string, std::string> builds;
  for (const auto& [name, worker] : workers_) {
    if (worker.counts[PlaceOf(device)].usable > 0) builds.try_emplace(worker.build, name);
  }
  return builds;
}

// Takes a worker out of the counts, before it changes; Recount puts it back.
void SlotPool::Uncount(const Worker& worker) {
  for (std::size_t device = 0; device < counts_.size(); ++device) {
    const SlotCounts& counts = worker.counts[device];
    if (counts.present == 0) continue;
    Add(counts, -1, counts_[device]);
    const auto build = builds_[device].find(worker.build);
    Add(counts, -1, build->second.counts);
    if (counts.room() > 0) build->second.rooms.erase({counts.room(), &worker.name});
  }
}

void SlotPool::Recount(Worker& worker) {
  worker.counts = {};
  for (const Slot& slot : worker.slots) {
    SlotCounts& counts = worker.counts[PlaceOf(slot.view.device)];
    const bool out = slot.excluded || slot.barred;
    const bool sound = slot.view.usable && worker.intake != Intake::kClosed;
    const bool usable = sound && !out;
    const bool open = usable && worker.intake == Intake::kOpen;
    const bool free = open && slot.view.holder.empty();
    const bool vacant = worker.intake == Intake::kOpen && slot.view.holder.empty();
    const bool excluded = sound && out;
    Add({1, usable, open, free, free && slot.reserved, excluded, excluded && vacant}, 1, counts);
  }
  for (std::size_t device = 0; device < counts_.size(); ++device) {
    const SlotCounts& counts = worker.counts[device];
    if (counts.present == 0) continue;
    Add(counts, 1, counts_[device]);
    OfBuild& build = builds_[device][worker.build];
    Add(counts, 1, build.counts);
    if (counts.room() > 0) build.rooms.insert({counts.room(), &worker.name});
  }
}

void SlotPool::TakeFrom(Worker& worker, std::size_t device, int ranks, absl::string_view holder,
                        absl::Time since, std::vector<RankSlot>& gang) {
  Uncount(worker);
  for (Slot& slot : worker.slots) {
    if (ranks == 0) break;
    const bool fits = slot.usable() && slot.view.holder.empty() && !slot.reserved;
    if (!fits || PlaceOf(slot.view.device) != device) continue;
    slot.view.holder = std::string(holder);
    slot.view.held_since = since;
    gang.push_back({worker.name, worker.incarnation, slot.view.index});
    --ranks;
  }
  Recount(worker);
}

}  // namespace simclr::coordinator
