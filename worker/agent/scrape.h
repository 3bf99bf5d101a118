#pragma once

#include <prometheus/metric_family.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/metrics/metric.h"
#include "simclr/v1/trainer_service.pb.h"

namespace simclr::agent {

// The series of one scrape, put into the families of a list by name. A name that the list lacks is a bug and
// ends the program. Not thread-safe.
class Scrape {
 public:
  // `list` outlives the scrape.
  explicit Scrape(const MetricList& list) : list_(list) {}

  // `labels` in the order of Metric::labels.
  void Add(absl::string_view metric, const std::vector<std::string>& labels, double value);
  // An empty histogram counts as zeros; one with other bounds than the metric's is left out.
  void AddHistogram(absl::string_view metric, const std::vector<std::string>& labels,
                    const v1::Histogram& histogram);
  // In the order of the list, without families that have no series.
  std::vector<prometheus::MetricFamily> Take();

 private:
  ScrapedFamily& Family(absl::string_view metric);

  const MetricList& list_;
  std::map<const Metric*, ScrapedFamily> families_;
};

}  // namespace simclr::agent
