#include "worker/agent/worker_metrics.h"

#include <grpcpp/grpcpp.h>
#include <prometheus/metric_family.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/edge/message_refusal.h"
#include "common/metrics/scrape.h"
#include "worker/agent/metric_list.h"
#include "worker/agent/trainer_series.h"
#include "worker/agent/words.h"

namespace simclr::agent {
namespace {

void CollectAgent(const AgentView& view, Scrape& scrape) {
  const v1::Observed& state = view.observed;
  const bool cuda = state.slots_size() > 0 && state.slots(0).device() == v1::DEVICE_CUDA;
  const std::string gpu = cuda ? state.slots(0).name() : "";
  scrape.Add("simclr_build_info", {"worker", state.version(), grpc::Version()}, 1);
  scrape.Add("simclr_worker_info",
             {state.worker(), state.version(), cuda ? "cuda" : "cpu", gpu, view.gpus.driver}, 1);
  scrape.Add("simclr_worker_coordinator_connected", {}, view.connected ? 1 : 0);
  if (view.last_ack.has_value()) {
    scrape.Add("simclr_worker_heartbeat_ack_timestamp_seconds", {},
               absl::ToDoubleSeconds(*view.last_ack - absl::UnixEpoch()));
  }
  scrape.Add("simclr_worker_seen_term", {}, static_cast<double>(view.term));
  scrape.Add("simclr_worker_coordinator_conflicts_total", {}, static_cast<double>(view.conflicts));
  scrape.Add("simclr_worker_stuck_trainers", {}, static_cast<double>(view.stuck));
  scrape.Add("simclr_worker_draining", {}, view.draining ? 1 : 0);
}

void CollectParts(const AgentView& view, Scrape& scrape) {
  const auto add = [&scrape](const char* metric, auto value) {
    scrape.Add(metric, {}, static_cast<double>(value));
  };
  add("simclr_worker_spooled_reports", view.outbox.facts + view.outbox.metrics);
  add("simclr_worker_quarantined_reports", view.outbox.quarantined);
  add("simclr_worker_dropped_metrics_total", view.outbox.metrics_dropped);
  add("simclr_worker_archived_log_bytes_total", view.archive.copied);
  add("simclr_worker_archive_failures_total", view.archive.failures);
  add("simclr_worker_unarchived_logs", view.archive.logs);
  add("simclr_worker_unarchived_log_bytes", view.archive.bytes);
  absl::Duration longest;
  for (const auto& [what, since] : view.blocked) longest = std::max(longest, since);
  add("simclr_worker_no_answer_seconds", absl::ToDoubleSeconds(longest));
  for (const auto& [disk, bytes] : view.free_bytes) {
    scrape.Add("simclr_worker_free_bytes", {disk}, static_cast<double>(bytes));
  }
}

void CollectRefused(const AgentView& view, Scrape& scrape) {
  RefusedMessages::Counts counts;
  for (const std::string& type : RefusableMessages()) {
    for (const std::string& reason : RefusalReasons()) counts[{type, reason}] = 0;
  }
  for (const auto& [what, number] : view.refused) counts[what] = number;
  for (const auto& [what, number] : counts) {
    scrape.Add("simclr_worker_refused_messages_total", {what.first, what.second},
               static_cast<double>(number));
  }
}

void CollectSlots(const AgentView& view, Scrape& scrape) {
  const int allocated = view.observed.ranks_size();
  int usable = 0;
  for (const v1::Slot& slot : view.observed.slots()) usable += slot.usable() ? 1 : 0;
  // An allocated slot counts as usable, until the agent drains and no slot does.
  const int free = std::max(0, usable - allocated);
  const int unusable = std::max(0, view.observed.slots_size() - free - allocated);
  scrape.Add("simclr_worker_slots", {"free"}, free);
  scrape.Add("simclr_worker_slots", {"allocated"}, allocated);
  scrape.Add("simclr_worker_slots", {"unusable"}, unusable);
}

void CollectActivities(const AgentView& view, Scrape& scrape) {
  std::map<v1::Activity, int> count;
  for (const v1::Activity activity : AllActivities()) count[activity] = 0;
  for (const v1::ObservedRank& rank : view.observed.ranks()) ++count[rank.activity()];
  for (const auto& [activity, number] : count) scrape.Add("simclr_worker_trainers", {Word(activity)}, number);
}

void CollectExits(const AgentView& view, Scrape& scrape) {
  std::map<v1::FailureClass, std::int64_t> count;
  for (const v1::FailureClass failure : AllExitClasses()) count[failure] = 0;
  for (const auto& [failure, number] : view.figures.exits()) count[failure] = number;
  for (const auto& [failure, number] : count) {
    scrape.Add("simclr_worker_trainer_exits_total", {Word(failure)}, static_cast<double>(number));
  }
}

void CollectGpus(const GpuState& state, Scrape& scrape) {
  for (std::size_t index = 0; index < state.gpus.size(); ++index) {
    const GpuInfo& gpu = state.gpus[index];
    const std::vector<std::string> labels = {absl::StrCat(index)};
    if (!gpu.error.empty()) continue;
    scrape.Add("simclr_gpu_memory_used_bytes", labels, static_cast<double>(gpu.used_bytes));
    if (gpu.utilization) scrape.Add("simclr_gpu_utilization_ratio", labels, *gpu.utilization);
    if (gpu.power_watts) scrape.Add("simclr_gpu_power_watts", labels, *gpu.power_watts);
    if (gpu.temperature_celsius)
      scrape.Add("simclr_gpu_temperature_celsius", labels, *gpu.temperature_celsius);
  }
}

}  // namespace

std::vector<prometheus::MetricFamily> WorkerMetrics::Collect() const {
  const AgentView view = view_();
  Scrape scrape(WorkerMetricList());
  CollectAgent(view, scrape);
  CollectParts(view, scrape);
  CollectRefused(view, scrape);
  CollectSlots(view, scrape);
  CollectActivities(view, scrape);
  CollectExits(view, scrape);
  CollectTrainers(view.figures, scrape);
  CollectGpus(view.gpus, scrape);
  std::vector<prometheus::MetricFamily> families = scrape.Take();
  for (prometheus::MetricFamily& family : process_.Collect()) families.push_back(std::move(family));
  return families;
}

}  // namespace simclr::agent
