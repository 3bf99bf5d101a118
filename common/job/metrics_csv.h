#pragma once

#include <string>
#include <vector>

#include "simclr/v1/job.pb.h"

namespace simclr {

// The samples as CSV: a header, then a line a step. Columns: step, epoch, attempt, time (RFC 3339 in UTC),
// then every value that occurs, by name; a value that a step lacks is left empty. Pure.
std::string MetricsCsv(const std::vector<v1::StepMetrics>& samples);

}  // namespace simclr
