#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "coordinator/store/data_directory.h"

namespace simclr::coordinator {

// Brings a data directory of schema 1 to this version; one of this version, or none, stays as it is. The old
// database remains as state.db.before-2. A crash in the middle leaves the old one, and the next call begins
// again. DATA_LOSS: it is damaged, or an event does not fit; the message says what helps. The caller holds
// the lock.
absl::Status Migrate(const DataPaths& paths, absl::Time now);

}  // namespace simclr::coordinator
