#pragma once

#include "common/metrics/metric.h"

namespace simclr::agent {

// Everything that /metrics of the agent can show. Series with `job_id` appear when a rank of the job starts
// here and vanish kSeriesKept after its end (those of memory and queue with it); those with `job_id` and
// without `rank` that say something about the whole job are told by the agent of rank 0 alone.
const MetricList& WorkerMetricList();

}  // namespace simclr::agent
