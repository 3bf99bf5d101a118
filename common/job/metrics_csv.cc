#include "common/job/metrics_csv.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/job/proto_time.h"

namespace simclr {

std::string MetricsCsv(const std::vector<v1::StepMetrics>& samples) {
  std::set<std::string> names;
  for (const v1::StepMetrics& sample : samples) {
    for (const auto& [name, value] : sample.values()) names.insert(name);
  }
  std::string csv = "step,epoch,attempt,time";
  for (const std::string& name : names) absl::StrAppend(&csv, ",", name);
  csv += '\n';
  for (const v1::StepMetrics& sample : samples) {
    absl::StrAppendFormat(&csv, "%d,%.6g,%d,%s", sample.step(), sample.epoch(), sample.attempt(),
                          Rfc3339(sample.at()));
    for (const std::string& name : names) {
      const auto value = sample.values().find(name);
      csv += ',';
      if (value != sample.values().end()) absl::StrAppendFormat(&csv, "%.9g", value->second);
    }
    csv += '\n';
  }
  return csv;
}

}  // namespace simclr
