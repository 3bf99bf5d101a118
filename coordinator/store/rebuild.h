#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "coordinator/store/data_directory.h"
#include "coordinator/store/history.h"
#include "coordinator/store/stored_database.h"

namespace simclr::coordinator {

struct RebuildOptions {
  std::string kept_as;     // name of the old database afterwards
  bool went_back = false;  // the database loses something: term and mark as after a restore
  absl::Time now;
};

// Both write a data directory anew from what was read of it, and put it in the place of the old one in one
// step: a crash before leaves the old one as it was. What cannot be read on the way is added to `losses`. The
// caller holds the lock.

// One of schema 1 in the form of this version; its measured steps move into their own file.
absl::Status RebuildConverted(StoredDatabase stored, const DataPaths& paths, const History& history,
                              Replayed replayed, const RebuildOptions& options,
                              std::vector<std::string>& losses);
// One of this version, with the history that a repair made.
absl::Status RebuildRepaired(StoredDatabase stored, const DataPaths& paths, const History& history,
                             Replayed replayed, const RebuildOptions& options,
                             std::vector<std::string>& losses);

}  // namespace simclr::coordinator
