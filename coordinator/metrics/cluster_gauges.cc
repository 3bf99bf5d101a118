#include "coordinator/metrics/cluster_gauges.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "common/metrics/scrape.h"
#include "coordinator/metrics/metric_list.h"
#include "coordinator/metrics/seconds.h"
#include "coordinator/metrics/words.h"

namespace simclr::coordinator {
namespace {

void AddPhases(const ClusterView& view, Scrape& scrape) {
  for (const v1::JobKind kind : AllKinds()) {
    for (const v1::Phase phase : AllPhases()) {
      const auto count = view.job_counts.find({kind, phase});
      scrape.Add("simclr_coordinator_jobs", {Word(kind), Word(phase)},
                 count == view.job_counts.end() ? 0 : count->second);
    }
  }
}

bool Waits(v1::Phase phase) {
  return phase == v1::PHASE_BLOCKED || phase == v1::PHASE_QUEUED || phase == v1::PHASE_PAUSED;
}

void AddWaiting(const ClusterView& view, Scrape& scrape) {
  std::map<v1::Reason, int> counts;
  for (const v1::Reason reason : WaitReasons()) counts[reason] = 0;
  for (const JobView& job : view.jobs) {
    if (Waits(job.job.status().phase())) ++counts[job.job.status().reason()];
  }
  for (const auto& [reason, count] : counts) {
    scrape.Add("simclr_coordinator_jobs_pending", {Word(reason)}, count);
  }
}

bool HasGpu(const ClusterView& view) {
  return std::any_of(view.workers.begin(), view.workers.end(), [](const v1::Worker& worker) {
    return std::any_of(worker.slots().begin(), worker.slots().end(),
                       [](const v1::Slot& slot) { return slot.device() == v1::DEVICE_CUDA; });
  });
}

void AddQueue(const ClusterView& view, Scrape& scrape) {
  const v1::Device automatic = HasGpu(view) ? v1::DEVICE_CUDA : v1::DEVICE_CPU;
  std::map<v1::JobKind, double> oldest;
  std::map<v1::Device, int> demand;
  for (const v1::Device device : SlotDevices()) demand[device] = 0;
  for (const JobView& view_of_job : view.jobs) {
    const v1::Job& job = view_of_job.job;
    if (job.status().phase() != v1::PHASE_QUEUED) continue;
    const v1::Device wanted = job.spec().resources().device();
    demand[demand.count(wanted) > 0 ? wanted : automatic] += job.spec().resources().ranks();
    const double submitted = Seconds(job.status().submitted_at());
    const auto [first, added] = oldest.emplace(job.spec().kind(), submitted);
    if (!added) first->second = std::min(first->second, submitted);
  }
  for (const auto& [device, count] : demand) {
    scrape.Add("simclr_coordinator_queue_demand_slots", {Word(device)}, count);
  }
  for (const auto& [kind, time] : oldest) {
    scrape.Add("simclr_coordinator_queue_oldest_submit_timestamp_seconds", {Word(kind)}, time);
  }
}

void AddWorkers(const ClusterView& view, Scrape& scrape) {
  std::map<v1::WorkerState, int> states;
  for (const v1::WorkerState state : ShownWorkerStates()) states[state] = 0;
  for (const v1::Worker& worker : view.workers) {
    ++states[worker.state()];
    if (!worker.has_last_seen()) continue;
    scrape.Add("simclr_coordinator_worker_last_heartbeat_timestamp_seconds", {worker.name()},
               Seconds(worker.last_seen()));
  }
  for (const auto& [state, count] : states) scrape.Add("simclr_coordinator_workers", {Word(state)}, count);
}

std::string SlotState(const v1::Worker& worker, const v1::Slot& slot) {
  if (!slot.job_id().empty()) return "allocated";
  return slot.usable() && !slot.has_excluded_until() && worker.state() == v1::WORKER_STATE_CONNECTED
             ? "free"
             : "unusable";
}

void AddSlots(const ClusterView& view, Scrape& scrape) {
  std::map<std::pair<v1::Device, std::string>, int> counts;
  for (const v1::Device device : SlotDevices()) {
    for (const char* state : {"free", "allocated", "unusable"}) counts[{device, state}] = 0;
  }
  for (const v1::Worker& worker : view.workers) {
    if (worker.state() == v1::WORKER_STATE_LOST) continue;
    for (const v1::Slot& slot : worker.slots()) ++counts[{slot.device(), SlotState(worker, slot)}];
  }
  for (const auto& [key, count] : counts) {
    scrape.Add("simclr_coordinator_slots", {Word(key.first), key.second}, count);
  }
}

}  // namespace

std::vector<prometheus::MetricFamily> ClusterGauges(const ClusterView& view) {
  Scrape scrape(Metrics());
  scrape.Add("simclr_coordinator_term", {}, static_cast<double>(view.term));
  scrape.Add("simclr_coordinator_revision", {}, static_cast<double>(view.revision));
  AddPhases(view, scrape);
  AddWaiting(view, scrape);
  AddQueue(view, scrape);
  AddWorkers(view, scrape);
  AddSlots(view, scrape);
  return scrape.Take();
}

}  // namespace simclr::coordinator
