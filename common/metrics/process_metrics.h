#pragma once

#include <prometheus/collectable.h>

#include <string>
#include <vector>

#include "common/metrics/metric.h"

namespace simclr {

// The standard process_* metrics of this process, read from /proc at each scrape; what cannot be read is left
// out. Thread-safe.
class ProcessMetrics : public prometheus::Collectable {
 public:
  // Linux's /proc; another directory in tests.
  explicit ProcessMetrics(std::string proc = "/proc") : proc_(std::move(proc)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

  // For the program's MetricList.
  static const std::vector<Metric>& Metrics();

 private:
  const std::string proc_;
};

}  // namespace simclr
