#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace simclr {

// A label of a metric. One that can have no other values than `words` is closed; an open one has none.
struct Label {
  Label(const char* label) : name(label) {}  // NOLINT(google-explicit-constructor): most are open
  Label(const char* label, std::vector<std::string> all) : name(label), words(std::move(all)) {}

  std::string name;
  std::vector<std::string> words;
};

// What one metric is. A program holds all of its own in one MetricList: families and the reference in the
// documents are both made from it.
struct Metric {
  const char* name;
  prometheus::MetricType type;
  const char* help;               // one sentence, with unit
  std::vector<Label> labels;      // in the order in which values are given
  std::vector<double> buckets{};  // of a histogram: a ladder of buckets.h
};

// The metrics of one program, in the order of the reference. Immutable, so thread-safe.
class MetricList {
 public:
  explicit MetricList(std::vector<Metric> metrics) : metrics_(std::move(metrics)) {}

  // The metric of that name. The name is a literal in the code, so an unknown one is a bug and ends the
  // program.
  const Metric& operator[](absl::string_view name) const;
  std::vector<const Metric*> all() const;

 private:
  const std::vector<Metric> metrics_;
};

// Values in the order of Metric::labels.
prometheus::Labels LabelsOf(const Metric& metric, const std::vector<std::string>& values);

// Registers a family that has no series yet: `AddCounter(registry, metric).Add(LabelsOf(metric, {"cpu"}))`. A
// histogram's series also takes `metric.buckets`.
prometheus::Family<prometheus::Counter>& AddCounter(prometheus::Registry& registry, const Metric& metric);
prometheus::Family<prometheus::Histogram>& AddHistogram(prometheus::Registry& registry, const Metric& metric);

// A family whose values are computed at the scrape, so that series of what is gone are gone. Not thread-safe.
class ScrapedFamily {
 public:
  explicit ScrapedFamily(const Metric& metric);

  // `label_values` in the order of Metric::labels.
  void Add(const std::vector<std::string>& label_values, double value);
  // Of a histogram: `counts` has one entry a bucket of Metric::buckets, and one more for what lies above
  // them.
  void AddHistogram(const std::vector<std::string>& label_values, const std::vector<std::int64_t>& counts,
                    double sum);
  // Leaves out a family without series.
  void MoveTo(std::vector<prometheus::MetricFamily>& families);

 private:
  prometheus::ClientMetric& AddSeries(const std::vector<std::string>& label_values);

  const Metric& metric_;
  prometheus::MetricFamily family_;
};

// "counter", "gauge" or "histogram", as in the text format.
absl::string_view TypeName(prometheus::MetricType type);

// A section of docs/metrics.md: the heading `title`, a table with name, type, labels, ladder and help, and
// one with the words of closed labels.
std::string MetricsReference(absl::string_view title, const std::vector<const Metric*>& metrics);

}  // namespace simclr
