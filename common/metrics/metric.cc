#include "common/metrics/metric.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/logging.h"
#include "common/metrics/buckets.h"

namespace simclr {

const Metric& MetricList::operator[](absl::string_view name) const {
  for (const Metric& metric : metrics_) {
    if (name == metric.name) return metric;
  }
  LogError("a metric is missing in the program's list", {{"metric", std::string(name)}});
  std::abort();
}

std::vector<const Metric*> MetricList::all() const {
  std::vector<const Metric*> all;
  for (const Metric& metric : metrics_) all.push_back(&metric);
  return all;
}

prometheus::Labels LabelsOf(const Metric& metric, const std::vector<std::string>& values) {
  prometheus::Labels labels;
  for (std::size_t i = 0; i < metric.labels.size(); ++i) labels[metric.labels[i].name] = values.at(i);
  return labels;
}

prometheus::Family<prometheus::Counter>& AddCounter(prometheus::Registry& registry, const Metric& metric) {
  return prometheus::BuildCounter().Name(metric.name).Help(metric.help).Register(registry);
}

prometheus::Family<prometheus::Histogram>& AddHistogram(prometheus::Registry& registry,
                                                        const Metric& metric) {
  return prometheus::BuildHistogram().Name(metric.name).Help(metric.help).Register(registry);
}

ScrapedFamily::ScrapedFamily(const Metric& metric) : metric_(metric) {
  family_.name = metric.name;
  family_.help = metric.help;
  family_.type = metric.type;
}

void ScrapedFamily::Add(const std::vector<std::string>& label_values, double value) {
  prometheus::ClientMetric& series = AddSeries(label_values);
  if (metric_.type == prometheus::MetricType::Counter) {
    series.counter.value = value;
  } else {
    series.gauge.value = value;
  }
}

void ScrapedFamily::AddHistogram(const std::vector<std::string>& label_values,
                                 const std::vector<std::int64_t>& counts, double sum) {
  prometheus::ClientMetric::Histogram& histogram = AddSeries(label_values).histogram;
  for (std::size_t i = 0; i <= metric_.buckets.size(); ++i) {
    histogram.sample_count += static_cast<std::uint64_t>(counts.at(i));
    const double bound =
        i < metric_.buckets.size() ? metric_.buckets[i] : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({histogram.sample_count, bound});
  }
  histogram.sample_sum = sum;
}

prometheus::ClientMetric& ScrapedFamily::AddSeries(const std::vector<std::string>& label_values) {
  prometheus::ClientMetric& series = family_.metric.emplace_back();
  for (std::size_t i = 0; i < metric_.labels.size(); ++i) {
    series.label.push_back({metric_.labels[i].name, label_values.at(i)});
  }
  return series;
}

void ScrapedFamily::MoveTo(std::vector<prometheus::MetricFamily>& families) {
  if (!family_.metric.empty()) families.push_back(std::move(family_));
}

absl::string_view TypeName(prometheus::MetricType type) {
  switch (type) {
    case prometheus::MetricType::Counter:
      return "counter";
    case prometheus::MetricType::Histogram:
      return "histogram";
    default:
      return "gauge";
  }
}

namespace {

std::string Names(const std::vector<Label>& labels) {
  return absl::StrJoin(labels, ", ",
                       [](std::string* out, const Label& label) { absl::StrAppend(out, label.name); });
}

// One row for the metrics that have a closed label with the same words.
std::string ClosedLabels(const std::vector<const Metric*>& metrics) {
  std::vector<std::pair<std::string, std::string>> rows;  // label and words, and whose they are
  for (const Metric* metric : metrics) {
    for (const Label& label : metric->labels) {
      if (label.words.empty()) continue;
      const std::string key =
          absl::StrCat("| `", label.name, "` | ", absl::StrJoin(label.words, ", "), " | ");
      const auto row =
          std::find_if(rows.begin(), rows.end(), [&](const auto& other) { return other.first == key; });
      const std::string name = absl::StrCat("`", metric->name, "`");
      row == rows.end() ? rows.push_back({key, name}) : absl::StrAppend(&row->second, ", ", name);
    }
  }
  std::string text = "\n| closed label | words | of |\n|---|---|---|\n";
  for (const auto& [key, names] : rows) absl::StrAppend(&text, key, names, " |\n");
  return rows.empty() ? "" : text;
}

}  // namespace

std::string MetricsReference(absl::string_view title, const std::vector<const Metric*>& metrics) {
  std::string text =
      absl::StrCat("## ", title, "\n\n| name | type | labels | meaning |\n|---|---|---|---|\n");
  for (const Metric* metric : metrics) {
    const absl::string_view ladder = LadderName(metric->buckets);
    absl::StrAppend(&text, "| `", metric->name, "` | ", TypeName(metric->type), " | ", Names(metric->labels),
                    " | ", metric->help, ladder.empty() ? "" : absl::StrCat(" Buckets: ", ladder, "."),
                    " |\n");
  }
  return text + ClosedLabels(metrics);
}

}  // namespace simclr
