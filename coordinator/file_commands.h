#pragma once

#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "coordinator/collect/adopt.h"

namespace simclr::coordinator {

// `simclr-coordinator adopt`: see Adopt. Where it was for all jobs, the collector removes files again
// afterwards.
absl::Status AdoptCommand(const std::string& data_directory, const std::string& artifact_root,
                          const AdoptOptions& options, std::ostream& out);

// `simclr-coordinator collect --dry-run`: see ListCollectable. Reads only, also beside a running coordinator.
absl::Status CollectCommand(const std::string& data_directory, const std::string& artifact_root,
                            std::ostream& out);

}  // namespace simclr::coordinator
