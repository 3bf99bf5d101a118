#pragma once

#include <prometheus/collectable.h>

#include <functional>
#include <vector>

#include "common/metrics/process_metrics.h"
#include "worker/agent/control/agent_view.h"

namespace simclr::agent {

// The agent's /metrics: WorkerMetricList(), made from the agent's state at each scrape, and the process's
// own. Thread-safe.
class WorkerMetrics : public prometheus::Collectable {
 public:
  explicit WorkerMetrics(std::function<AgentView()> view) : view_(std::move(view)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::function<AgentView()> view_;
  const ProcessMetrics process_;
};

}  // namespace simclr::agent
