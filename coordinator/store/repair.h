#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "coordinator/store/data_directory.h"

namespace simclr::coordinator {

struct RepairReport {
  std::string kept_as;              // the database as it was; empty: there was nothing to repair
  std::vector<std::string> losses;  // what was taken out or cannot be read
};

// Makes of a data directory one that starts: the newest snapshot that verifies (before the events to be
// skipped), every event after it that can be read and fits, and every ended job that can be read. See Replay
// for what becomes of jobs whose events are taken out. The old database stays, and the term rises as after a
// restore. INVALID_ARGUMENT: there is no such event; DATA_LOSS: there is no state to begin with. The caller
// holds the lock.
absl::StatusOr<RepairReport> RepairDataDirectory(const DataPaths& paths, const std::set<std::int64_t>& skip,
                                                 absl::Time now);

}  // namespace simclr::coordinator
