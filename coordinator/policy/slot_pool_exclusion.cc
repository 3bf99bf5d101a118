// SlotPool: slots that nobody gets for a while, and those that one job does not get.
#include <map>
#include <utility>

#include "coordinator/policy/exclusion.h"
#include "coordinator/policy/slot_pool.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {

SlotPool::Slot* SlotPool::FindSlot(const v1::SlotRef& wanted) {
  const auto worker = workers_.find(wanted.worker());
  if (worker == workers_.end()) return nullptr;
  for (Slot& slot : worker->second.slots) {
    v1::SlotRef place;
    place.set_worker(worker->first);
    place.set_slot(slot.view.index);
    place.set_uuid(slot.view.uuid);
    if (IsSameSlot(place, wanted)) return &slot;
  }
  return nullptr;
}

void SlotPool::ForgetWishes(const Worker& worker) {
  for (const Slot& slot : worker.slots) wishes_.erase({worker.name, slot.view.index});
}

// Once a worker has changed or gone.
void SlotPool::SettleExclusions() {
  for (BuildMap& builds : builds_) {
    std::erase_if(builds, [](const auto& build) { return build.second.counts.present == 0; });
  }
  if (wishes_.empty() && excluded_.empty()) return;
  std::vector<ExclusionWish> wishes;
  for (const SlotKey& key : wishes_) {
    const Worker& worker = workers_.at(key.first);
    const Slot& slot = *FindSlot(workers_.at(key.first), key.second);
    const bool sound = slot.view.usable && worker.intake != Intake::kClosed;
    if (sound) wishes.push_back({key, slot.view.device, slot.view.excluded_until});
  }
  std::map<v1::Device, DeviceSlots> slots;
  for (const v1::Device device : {v1::DEVICE_CPU, v1::DEVICE_CUDA}) {
    const SlotCounts counts = Count(device);
    slots[device] = {counts.present, counts.usable + counts.excluded};
  }
  const std::set<SlotKey> before = std::exchange(excluded_, ChooseExcluded(std::move(wishes), slots));
  for (const SlotKey& key : before) {
    if (excluded_.count(key) == 0) SetExcluded(key, false);
  }
  for (const SlotKey& key : excluded_) SetExcluded(key, true);
}

void SlotPool::SetExcluded(const SlotKey& key, bool excluded) {
  const auto worker = workers_.find(key.first);
  Slot* slot = worker == workers_.end() ? nullptr : FindSlot(worker->second, key.second);
  if (slot == nullptr || slot->excluded == excluded) return;
  Uncount(worker->second);
  slot->excluded = excluded;
  Recount(worker->second);
}

void SlotPool::Bar(const std::vector<v1::SlotRef>& slots) {
  for (const v1::SlotRef& wanted : slots) {
    Slot* slot = FindSlot(wanted);
    if (slot == nullptr || slot->barred) continue;
    Worker& worker = workers_.find(wanted.worker())->second;
    Uncount(worker);
    slot->barred = true;
    Recount(worker);
    barred_.push_back({worker.name, slot->view.index});
  }
}

void SlotPool::Unbar() {
  for (const SlotKey& key : std::exchange(barred_, {})) {
    Worker& worker = workers_.at(key.first);
    Uncount(worker);
    FindSlot(worker, key.second)->barred = false;
    Recount(worker);
  }
}

}  // namespace simclr::coordinator
