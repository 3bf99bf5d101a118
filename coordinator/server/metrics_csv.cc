#include "coordinator/server/metrics_csv.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace simclr::coordinator {

std::string MetricsCsv(const std::vector<v1::StepMetrics>& samples) {
  std::set<std::string> names;
  for (const v1::StepMetrics& sample : samples) {
    for (const auto& [name, value] : sample.values()) names.insert(name);
  }
  std::string csv = "step,epoch,attempt,time";
  for (const std::string& name : names) absl::StrAppend(&csv, ",", name);
  csv += '\n';
  for (const v1::StepMetrics& sample : samples) {
    absl::StrAppendFormat(&csv, "%d,%.6g,%d,%d.%03d", sample.step(), sample.epoch(), sample.attempt(),
                          sample.at().seconds(), sample.at().nanos() / 1'000'000);
    for (const std::string& name : names) {
      const auto value = sample.values().find(name);
      csv += ',';
      if (value != sample.values().end()) absl::StrAppendFormat(&csv, "%.9g", value->second);
    }
    csv += '\n';
  }
  return csv;
}

}  // namespace simclr::coordinator
