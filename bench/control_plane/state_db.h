#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "bench/control_plane/history.h"

namespace simclr::bench {

struct StateDbOptions {
  // Keep every event as a row, as a coordinator does; else only those that no snapshot holds.
  bool all_events = false;
  // Events of the last so many jobs lie behind the snapshot, as after a coordinator that was killed.
  int jobs_after_snapshot = 100;
};

// Writes a coordinator's data directory with this history: state.db in schema version 1, which every version
// opens (a later one converts it). `directory` must not hold a state.db.
absl::Status WriteStateDb(const std::string& directory, const History& history,
                          const StateDbOptions& options);

}  // namespace simclr::bench
