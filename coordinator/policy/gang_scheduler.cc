#include "coordinator/policy/gang_scheduler.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"

namespace simclr::coordinator {
namespace {

const char* DeviceName(v1::Device device) {
  return device == v1::DEVICE_CUDA ? "cuda" : "cpu";
}

bool HasDevice(const WorkerView& worker, v1::Device device) {
  return std::any_of(worker.slots.begin(), worker.slots.end(),
                     [&](const SlotView& slot) { return slot.device == device; });
}

v1::Device Resolve(v1::Device wanted, const std::vector<WorkerView>& workers) {
  if (wanted == v1::DEVICE_CPU || wanted == v1::DEVICE_CUDA) return wanted;
  const bool any = std::any_of(workers.begin(), workers.end(),
                               [](const WorkerView& worker) { return HasDevice(worker, v1::DEVICE_CUDA); });
  return any ? v1::DEVICE_CUDA : v1::DEVICE_CPU;
}

int CountSlots(const WorkerView& worker, v1::Device device, bool only_free) {
  if (worker.lost || (only_free && !worker.takes_work)) return 0;
  return static_cast<int>(std::count_if(worker.slots.begin(), worker.slots.end(), [&](const SlotView& slot) {
    return slot.device == device && (slot.free || !only_free);
  }));
}

int CountSlots(const std::vector<WorkerView>& workers, v1::Device device, bool only_free) {
  int count = 0;
  for (const WorkerView& worker : workers) count += CountSlots(worker, device, only_free);
  return count;
}

// The worker with the least room that still holds `ranks`, else the one with the most; ties by order.
WorkerView* NextWorker(std::vector<WorkerView>& workers, v1::Device device, int ranks) {
  WorkerView* best_fit = nullptr;
  WorkerView* roomiest = nullptr;
  for (WorkerView& worker : workers) {
    const int room = CountSlots(worker, device, true);
    if (room >= ranks && (best_fit == nullptr || room < CountSlots(*best_fit, device, true)))
      best_fit = &worker;
    if (room > 0 && (roomiest == nullptr || room > CountSlots(*roomiest, device, true))) roomiest = &worker;
  }
  return best_fit != nullptr ? best_fit : roomiest;
}

// Takes the gang's slots out of `workers`, which have enough of them.
std::vector<RankSlot> Take(std::vector<WorkerView>& workers, v1::Device device, int ranks) {
  std::vector<RankSlot> gang;
  while (static_cast<int>(gang.size()) < ranks) {
    WorkerView* worker = NextWorker(workers, device, ranks - static_cast<int>(gang.size()));
    for (SlotView& slot : worker->slots) {
      if (static_cast<int>(gang.size()) == ranks) break;
      if (!slot.free || slot.device != device) continue;
      slot.free = false;
      gang.push_back({worker->name, worker->incarnation, slot.index});
    }
  }
  return gang;
}

// "; lost: worker-1, worker-2; left: worker-3"
std::string AbsentWorkers(const std::vector<WorkerView>& workers, v1::Device device) {
  std::string lost, left;
  for (const WorkerView& worker : workers) {
    if (!worker.lost || !HasDevice(worker, device)) continue;
    std::string& names = worker.left ? left : lost;
    absl::StrAppend(&names, names.empty() ? "" : ", ", worker.name);
  }
  return absl::StrCat(lost.empty() ? "" : "; lost: ", lost, left.empty() ? "" : "; left: ", left);
}

std::string NeedsSentence(const GangRequest& request, v1::Device device) {
  return absl::StrCat("needs ", request.ranks, " ", DeviceName(device),
                      request.ranks == 1 ? " slot" : " slots");
}

}  // namespace

std::vector<GangDecision> ScheduleGangs(const SchedulerOptions& options, std::vector<GangRequest> requests,
                                        std::vector<WorkerView> workers) {
  std::stable_sort(requests.begin(), requests.end(),
                   [](const GangRequest& a, const GangRequest& b) { return a.priority > b.priority; });
  std::vector<GangDecision> decisions;
  std::set<v1::Device> reserved;  // devices whose slots are kept for a job that has waited for too long
  for (const GangRequest& request : requests) {
    GangDecision decision;
    decision.job_id = request.job_id;
    decision.device = Resolve(request.device, workers);
    const int total = CountSlots(workers, decision.device, false);
    const int free = CountSlots(workers, decision.device, true);
    const std::string needs = NeedsSentence(request, decision.device);
    if (total < request.ranks) {
      decision.reason = v1::REASON_NO_SUCH_CAPACITY;
      decision.message =
          absl::StrCat(needs, ", ", free, " free of ", total, AbsentWorkers(workers, decision.device));
    } else if (free < request.ranks || reserved.count(decision.device) > 0) {
      decision.reason = v1::REASON_WAITING_FOR_CAPACITY;
      decision.message =
          absl::StrCat(needs, ", ", free, " free of ", total,
                       free < request.ranks ? "" : "; they are kept for a job that waits for longer");
      if (request.waiting > options.starvation_limit) reserved.insert(decision.device);
    } else {
      decision.gang = Take(workers, decision.device, request.ranks);
    }
    decisions.push_back(std::move(decision));
  }
  return decisions;
}

}  // namespace simclr::coordinator
