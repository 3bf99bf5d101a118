#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <utility>
#include <vector>

namespace simclr::coordinator {

// A gauge family under construction, for values that are computed at the scrape. Not thread-safe.
class GaugeFamily {
 public:
  GaugeFamily(const std::string& name, const std::string& help) {
    family_.name = name;
    family_.help = help;
    family_.type = prometheus::MetricType::Gauge;
  }

  void Add(const std::vector<std::pair<std::string, std::string>>& labels, double value) {
    prometheus::ClientMetric metric;
    for (const auto& [label, text] : labels) metric.label.push_back({label, text});
    metric.gauge.value = value;
    family_.metric.push_back(std::move(metric));
  }

  // Leaves out a family without series.
  void MoveTo(std::vector<prometheus::MetricFamily>& families) {
    if (!family_.metric.empty()) families.push_back(std::move(family_));
  }

 private:
  prometheus::MetricFamily family_;
};

}  // namespace simclr::coordinator
