#pragma once

#include <prometheus/metric_family.h>

#include <map>
#include <string>
#include <vector>

#include "coordinator/state/cluster_view.h"

namespace simclr::coordinator {

// The newest sample of each job.
using NewestSamples = std::map<std::string, v1::StepMetrics>;

// The series with a job_id: those of the jobs in `view`. Pure.
std::vector<prometheus::MetricFamily> JobGauges(const ClusterView& view, const NewestSamples& samples);

// Keeps `limit` jobs, those with a live attempt first, then the newest; returns how many it left out.
std::size_t LimitJobs(std::vector<JobView>& jobs, std::size_t limit);

}  // namespace simclr::coordinator
