#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "coordinator/store/sqlite_db.h"

// The facts about a database as a whole, in its table `meta`: schema_version, cluster_id, term, restored.
namespace simclr::coordinator {

absl::StatusOr<std::string> ReadMeta(SqliteDb& db, absl::string_view key);  // empty: absent
absl::Status WriteMeta(SqliteDb& db, absl::string_view key, absl::string_view value);
// 0: absent. DATA_LOSS: it is no number.
absl::StatusOr<std::int64_t> ReadMetaNumber(SqliteDb& db, absl::string_view key);

// The term of a database that went back in time: larger than every one that the lost time may have reached.
// Pure.
std::int64_t TermAfterRestore(std::int64_t last_term, absl::Time now);

// Says that the database went back in time, by `how` ("restored", "repaired"), in `db`'s open transaction:
// raises its term, and marks it until checkpoints on disk that it does not know are adopted or given up.
absl::Status MarkRestored(SqliteDb& db, absl::string_view how, absl::Time now);

}  // namespace simclr::coordinator
