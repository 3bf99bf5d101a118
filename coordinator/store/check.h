#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "coordinator/store/data_directory.h"

namespace simclr::coordinator {

struct CheckReport {
  std::vector<std::string> facts;     // what is there
  std::vector<std::string> findings;  // what is not as it should be; none: sound
};

// Reads all of a data directory: every page, snapshot, event and ended job; applies every event to the oldest
// snapshot. Writes nothing into its files. An error: there is nothing to read. The caller holds the lock.
absl::StatusOr<CheckReport> CheckDataDirectory(const DataPaths& paths);

}  // namespace simclr::coordinator
