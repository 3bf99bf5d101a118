#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace simclr::bench {

// The body of GET `path` from a server on this machine. UNAVAILABLE where nobody answers with status 200.
absl::StatusOr<std::string> HttpGet(int port, const std::string& path);

// A page of metrics in the text format of Prometheus, as read at one time.
class MetricsPage {
 public:
  static absl::StatusOr<MetricsPage> Read(int port);
  static MetricsPage Parse(const std::string& text);

  bool Has(const std::string& name) const { return values_.count(name) > 0; }
  // Sum over all series of a counter or gauge; 0 where there is none.
  double Total(const std::string& name) const;

  // What a histogram without labels gathered since an earlier page.
  struct Growth {
    double count = 0;
    double mean = 0;     // seconds
    double bound99 = 0;  // seconds: upper bound of the bucket that holds the 99th percentile
  };
  // `name` without "_bucket"; NOT_FOUND where the page has no such histogram.
  absl::StatusOr<Growth> GrowthSince(const MetricsPage& before, const std::string& name) const;

 private:
  std::map<std::string, std::map<std::string, double>> values_;  // by name, by labels as written
};

}  // namespace simclr::bench
