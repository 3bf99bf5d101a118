#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "coordinator/collect/artifact_tree.h"
#include "coordinator/state/records.h"

namespace simclr::coordinator {

// The jobs of a database.
struct KnownJobs {
  std::function<absl::StatusOr<JobPtr>(const std::string& id)> find;  // null: none
  std::function<bool(const std::string& id)> is_deleted;
};

struct CollectListing {
  std::vector<std::string> remove;   // what a collector would remove now
  std::vector<std::string> unknown;  // what it leaves, as it does not know it
};

// All of the artifact root, as a collector sees it. Writes nothing.
absl::StatusOr<CollectListing> ListCollectable(const ArtifactTree& tree, const KnownJobs& jobs,
                                               absl::Time now);

}  // namespace simclr::coordinator
