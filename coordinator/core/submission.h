#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "coordinator/state/cluster_state.h"
#include "simclr/v1/job.pb.h"

namespace simclr::coordinator {

// The job that `reference` (an id, or a name: the newest of that name) means. NOT_FOUND names it.
absl::StatusOr<const v1::JobRecord*> ResolveJob(const ClusterState& state, const std::string& reference);

// The spec as it is stored: `after` an id, every default filled in, checked. INVALID_ARGUMENT, NOT_FOUND
// (after) or FAILED_PRECONDITION (after a job that failed), each with what to do. `may_come_later`: an
// unknown `after` is left as it is, because a dry run of a pipeline cannot submit its first job. Pure.
absl::StatusOr<v1::JobSpec> PrepareSpec(const ClusterState& state, const v1::JobSpec& spec,
                                        const std::vector<std::string>& data_roots, bool may_come_later);

// OK if every path that `spec` names lies below one of `roots`. Lexical: ".." is resolved, links are not.
// Pure.
absl::Status CheckDataRoots(const v1::JobSpec& spec, const std::vector<std::string>& roots);

}  // namespace simclr::coordinator
