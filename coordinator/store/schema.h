#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "coordinator/store/sqlite_db.h"

namespace simclr::coordinator {

// A change of the tables is a new version: numbered, forward only, with a conversion of the one before.
constexpr std::int64_t kSchemaVersion = 2;

// Makes the tables of state.db that are missing, in `db`'s open transaction. FAILED_PRECONDITION: a table is
// there without one of its columns; the message names both.
absl::Status MakeSchema(SqliteDb& db);

}  // namespace simclr::coordinator
