#pragma once

#include <prometheus/registry.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/metrics/metric.h"
#include "coordinator/metrics/metric_list.h"

// The coordinator's registered families by name. Series come into being when they are asked for. Thread-safe.
namespace simclr::coordinator {

class Counters {
 public:
  Counters(prometheus::Registry& registry, absl::string_view name)
      : metric_(Metrics()[name]), family_(AddCounter(registry, metric_)) {}

  prometheus::Counter& Of(const std::vector<std::string>& label_values) {
    return family_.Add(LabelsOf(metric_, label_values));
  }
  // The words of a closed label of the metric.
  const std::vector<std::string>& WordsOf(absl::string_view label) const {
    return std::ranges::find(metric_.labels, label, &Label::name)->words;
  }
  // Of a metric whose only label is closed: the series of each word, as 0.
  void ShowZeros() {
    for (const std::string& word : metric_.labels.front().words) Of({word});
  }

 private:
  const Metric& metric_;
  prometheus::Family<prometheus::Counter>& family_;
};

class Histograms {
 public:
  Histograms(prometheus::Registry& registry, absl::string_view name)
      : metric_(Metrics()[name]), family_(AddHistogram(registry, metric_)) {}

  prometheus::Histogram& Of(const std::vector<std::string>& label_values) {
    return family_.Add(LabelsOf(metric_, label_values), metric_.buckets);
  }

 private:
  const Metric& metric_;
  prometheus::Family<prometheus::Histogram>& family_;
};

}  // namespace simclr::coordinator
