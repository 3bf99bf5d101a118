#include "common/metrics/scrape.h"

namespace simclr {

void Scrape::Add(absl::string_view metric, const std::vector<std::string>& label_values, double value) {
  Family(metric).Add(label_values, value);
}

void Scrape::AddHistogram(absl::string_view metric, const std::vector<std::string>& label_values,
                          const std::vector<std::int64_t>& counts, double sum) {
  Family(metric).AddHistogram(label_values, counts, sum);
}

std::vector<prometheus::MetricFamily> Scrape::Take() {
  std::vector<prometheus::MetricFamily> taken;
  for (const Metric* metric : list_.all()) {
    if (const auto family = families_.find(metric); family != families_.end()) family->second.MoveTo(taken);
  }
  families_.clear();
  return taken;
}

ScrapedFamily& Scrape::Family(absl::string_view metric) {
  const Metric& described = list_[metric];
  return families_.try_emplace(&described, described).first->second;
}

}  // namespace simclr
