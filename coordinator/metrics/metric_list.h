#pragma once

#include "absl/time/time.h"
#include "common/metrics/metric.h"

namespace simclr::coordinator {

// How long the series of a job stay after its end.
constexpr absl::Duration kJobSeriesLifetime = absl::Minutes(15);

// Every metric of simclr-coordinator, those of its process included.
const MetricList& Metrics();

}  // namespace simclr::coordinator
