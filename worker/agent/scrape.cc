#include "worker/agent/scrape.h"

#include <algorithm>
#include <cstdint>

namespace simclr::agent {

void Scrape::Add(absl::string_view metric, const std::vector<std::string>& labels, double value) {
  Family(metric).Add(labels, value);
}

void Scrape::AddHistogram(absl::string_view metric, const std::vector<std::string>& labels,
                          const v1::Histogram& histogram) {
  const std::vector<double>& bounds = list_[metric].buckets;
  std::vector<std::int64_t> counts(histogram.counts().begin(), histogram.counts().end());
  const bool empty = counts.empty();
  if (empty) counts.resize(bounds.size() + 1);
  if (!empty && !std::ranges::equal(histogram.bounds(), bounds)) return;
  if (counts.size() != bounds.size() + 1) return;
  Family(metric).AddHistogram(labels, counts, histogram.sum());
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

}  // namespace simclr::agent
