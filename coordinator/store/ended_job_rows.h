#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "coordinator/store/sqlite_db.h"
#include "simclr/v1/event.pb.h"

namespace simclr::coordinator {

// Writes rows of ended_jobs, in an open transaction of the database. Not thread-safe.
class EndedJobRows {
 public:
  static absl::StatusOr<EndedJobRows> Prepare(SqliteDb& db);

  // In place of the row of the same job, if there is one.
  absl::Status Write(const v1::JobRecord& record);

 private:
  explicit EndedJobRows(SqliteStatement insert) : insert_(std::move(insert)) {}

  SqliteStatement insert_;
};

}  // namespace simclr::coordinator
