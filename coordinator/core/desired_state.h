#pragma once

#include <set>
#include <string>
#include <tuple>

#include "coordinator/core/observations.h"
#include "coordinator/state/cluster_state.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr::coordinator {

using FollowedRank = std::tuple<std::string, int, int>;  // job, attempt, rank

// The whole list of what should run on `worker`: its ranks of live attempts that have not exited and are not
// being stopped. Without term, revision and cluster id. Pure.
v1::Desired DesiredFor(const ClusterState& state, const Observations& observations,
                       const std::set<FollowedRank>& followed, const std::string& worker);

}  // namespace simclr::coordinator
