#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "coordinator/state/cluster_view.h"

namespace simclr::coordinator {

// Term, revision, queue, workers and slots of `view`, known combinations as 0 too. Pure.
std::vector<prometheus::MetricFamily> ClusterGauges(const ClusterView& view);

}  // namespace simclr::coordinator
