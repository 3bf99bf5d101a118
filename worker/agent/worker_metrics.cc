#include "worker/agent/worker_metrics.h"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>

#include <algorithm>
#include <map>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace simclr::agent {
namespace {

using Labels = std::vector<prometheus::ClientMetric::Label>;

// Measured values of a step and the gauge that shows each; the other names of a trainer are in its curves
// alone.
struct StepGauge {
  const char* value;
  const char* metric;
  const char* help;
};
constexpr StepGauge kStepGauges[] = {
    {"loss", "simclr_train_loss", "NT-Xent loss of the newest step, mean over the global batch."},
    {"lr", "simclr_train_learning_rate", "Learning rate of the newest step."},
    {"contrastive_accuracy", "simclr_train_contrastive_accuracy_ratio",
     "Share of views whose positive is the nearest candidate."},
    {"contrastive_entropy", "simclr_train_contrastive_entropy_nats",
     "Entropy of the contrastive prediction."},
    {"gradient_norm", "simclr_train_grad_norm", "Norm of the whole gradient of the newest step."},
    {"images_per_second", "simclr_train_images_per_second",
     "Images (not views) a second of the newest step."},
};
constexpr char kPartPrefix[] = "seconds/";

prometheus::MetricFamily Family(const std::string& name, const std::string& help,
                                prometheus::MetricType type = prometheus::MetricType::Gauge) {
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  return family;
}

void Add(prometheus::MetricFamily& family, double value, Labels labels = {}) {
  prometheus::ClientMetric metric;
  metric.label = std::move(labels);
  if (family.type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family.metric.push_back(std::move(metric));
}

Labels RankLabels(const RankKey& key) {
  return {{"job_id", key.job_id}, {"rank", absl::StrCat(key.rank)}};
}

std::string Word(absl::string_view enum_name, absl::string_view prefix) {
  return absl::AsciiStrToLower(absl::StripPrefix(enum_name, prefix));
}

void CollectAgent(const AgentView& view, std::vector<prometheus::MetricFamily>& families) {
  prometheus::MetricFamily info = Family("simclr_worker_info", "Facts about this worker; always 1.");
  Add(info, 1, {{"worker", view.observed.worker()}, {"version", view.observed.version()}});
  prometheus::MetricFamily connected =
      Family("simclr_worker_coordinator_connected", "1 while the session with the coordinator is up.");
  Add(connected, view.connected ? 1 : 0);
  prometheus::MetricFamily term =
      Family("simclr_worker_seen_term", "Highest term of a coordinator that was obeyed.");
  Add(term, static_cast<double>(view.term));
  prometheus::MetricFamily spooled = Family(
      "simclr_worker_spooled_reports", "Exits, commits and metric batches that wait for the coordinator.");
  Add(spooled, static_cast<double>(view.spooled));
  prometheus::MetricFamily exits =
      Family("simclr_worker_trainer_exits_total", "Ended trainers by failure class.",
             prometheus::MetricType::Counter);
  for (const auto& [failure, count] : view.exits) {
    Add(exits, static_cast<double>(count),
        {{"class", Word(v1::FailureClass_Name(failure), "FAILURE_CLASS_")}});
  }
  for (prometheus::MetricFamily* family : {&info, &connected, &term, &spooled, &exits}) {
    families.push_back(std::move(*family));
  }
}

void CollectSlots(const AgentView& view, std::vector<prometheus::MetricFamily>& families) {
  std::map<std::string, int> count = {
      {"free", 0}, {"held", static_cast<int>(view.observed.ranks_size())}, {"unusable", 0}};
  for (const v1::Slot& slot : view.observed.slots()) ++count[slot.usable() ? "free" : "unusable"];
  // A held slot counts as usable above.
  count["free"] = std::max(0, count["free"] - count["held"]);
  prometheus::MetricFamily slots = Family("simclr_worker_slots", "Slots by state.");
  for (const auto& [state, number] : count) Add(slots, number, {{"state", state}});
  families.push_back(std::move(slots));
}

void CollectTrainers(const AgentView& view, std::vector<prometheus::MetricFamily>& families) {
  prometheus::MetricFamily trainers = Family("simclr_worker_trainers", "Live trainers by activity.");
  prometheus::MetricFamily step = Family("simclr_train_global_step", "Finished steps of the job.");
  prometheus::MetricFamily epoch = Family("simclr_train_epoch", "Finished epochs of the job, with fraction.");
  std::map<std::string, int> by_activity;
  for (const v1::ObservedRank& rank : view.observed.ranks()) {
    ++by_activity[Word(v1::Activity_Name(rank.activity()), "ACTIVITY_")];
    Add(step, static_cast<double>(rank.step()), RankLabels(KeyOf(rank)));
    Add(epoch, rank.epoch(), RankLabels(KeyOf(rank)));
  }
  for (const auto& [activity, number] : by_activity) Add(trainers, number, {{"activity", activity}});
  for (prometheus::MetricFamily* family : {&trainers, &step, &epoch}) families.push_back(std::move(*family));
}

void CollectSteps(const AgentView& view, std::vector<prometheus::MetricFamily>& families) {
  for (const StepGauge& gauge : kStepGauges) {
    prometheus::MetricFamily family = Family(gauge.metric, gauge.help);
    for (const auto& [key, metrics] : view.newest_metrics) {
      const auto value = metrics.values().find(gauge.value);
      if (value != metrics.values().end()) Add(family, value->second, RankLabels(key));
    }
    families.push_back(std::move(family));
  }
  prometheus::MetricFamily parts =
      Family("simclr_train_step_part_seconds", "Time of the newest step by part.");
  for (const auto& [key, metrics] : view.newest_metrics) {
    for (const auto& [name, seconds] :
         std::map<std::string, double>(metrics.values().begin(), metrics.values().end())) {
      absl::string_view part = name;
      if (!absl::ConsumePrefix(&part, kPartPrefix)) continue;
      Labels labels = RankLabels(key);
      labels.push_back({"part", std::string(part)});
      Add(parts, seconds, std::move(labels));
    }
  }
  families.push_back(std::move(parts));
}

}  // namespace

std::vector<prometheus::MetricFamily> WorkerMetrics::Collect() const {
  const AgentView view = view_();
  std::vector<prometheus::MetricFamily> families;
  CollectAgent(view, families);
  CollectSlots(view, families);
  CollectTrainers(view, families);
  CollectSteps(view, families);
  return families;
}

}  // namespace simclr::agent
