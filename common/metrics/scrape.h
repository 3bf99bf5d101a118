#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/metrics/metric.h"

namespace simclr {

// The series of one scrape, put into the families of a list by name. A name that the list lacks is a bug and
// ends the program. Not thread-safe.
class Scrape {
 public:
  // `list` outlives the scrape.
  explicit Scrape(const MetricList& list) : list_(list) {}

  // As in ScrapedFamily.
  void Add(absl::string_view metric, const std::vector<std::string>& label_values, double value);
  void AddHistogram(absl::string_view metric, const std::vector<std::string>& label_values,
                    const std::vector<std::int64_t>& counts, double sum);
  // In the order of the list, without families that have no series.
  std::vector<prometheus::MetricFamily> Take();

 private:
  ScrapedFamily& Family(absl::string_view metric);

  const MetricList& list_;
  std::map<const Metric*, ScrapedFamily> families_;
};

}  // namespace simclr
