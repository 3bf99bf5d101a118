#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "coordinator/collect/artifact_tree.h"
#include "coordinator/core/coordinator.h"

namespace simclr::coordinator {

struct AdoptOptions {
  std::vector<std::string> jobs;  // ids or names of open jobs; empty: all
  bool give_up = false;           // only say what would have been adopted
};

// After a restore, on a coordinator that does not serve: commits the checkpoints on disk that are newer than
// those of each job and verify, so that it resumes from the newest of them. Returns what it did, a line a
// checkpoint.
absl::StatusOr<std::vector<std::string>> Adopt(Coordinator& coordinator, const ArtifactTree& tree,
                                               const AdoptOptions& options, absl::Time now);

}  // namespace simclr::coordinator
