#pragma once

#include <prometheus/collectable.h>

#include <functional>
#include <vector>

#include "worker/agent/agent_view.h"

namespace simclr::agent {

// The agent's /metrics, made from its state at each scrape: a series lives exactly as long as what it
// describes. Thread-safe.
class WorkerMetrics : public prometheus::Collectable {
 public:
  explicit WorkerMetrics(std::function<AgentView()> view) : view_(std::move(view)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::function<AgentView()> view_;
};

}  // namespace simclr::agent
