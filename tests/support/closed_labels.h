#pragma once

#include <gtest/gtest.h>
#include <prometheus/metric_family.h>

#include <algorithm>
#include <vector>

#include "common/metrics/metric.h"

namespace simclr {

// Expects that no closed label in a scrape has a value that is not among its words in the program's list.
inline void ExpectClosedLabels(const MetricList& list,
                               const std::vector<prometheus::MetricFamily>& families) {
  for (const prometheus::MetricFamily& family : families) {
    for (const Label& label : list[family.name].labels) {
      if (label.words.empty()) continue;
      for (const prometheus::ClientMetric& series : family.metric) {
        for (const auto& [name, value] : series.label) {
          if (name != label.name) continue;
          EXPECT_EQ(std::count(label.words.begin(), label.words.end(), value), 1)
              << family.name << "{" << name << "=\"" << value << "\"}: the list of metrics lacks that word";
        }
      }
    }
  }
}

}  // namespace simclr
