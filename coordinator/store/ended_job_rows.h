#pragma once

#include <limits>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "coordinator/store/sqlite_db.h"
#include "simclr/v1/event.pb.h"

namespace simclr::coordinator {

// In the column `expires`: of a job that names no retention.
inline constexpr std::int64_t kNeverExpires = std::numeric_limits<std::int64_t>::max();

// In the column `labels`: each as a line of its own, with a line break before it, too.
std::string LabelLine(const std::string& key, const std::string& value);

// Writes rows of ended_jobs, in an open transaction of the database. Not thread-safe.
class EndedJobRows {
 public:
  static absl::StatusOr<EndedJobRows> Prepare(SqliteDb& db);

  // In place of the row of the same job, if there is one.
  absl::Status Write(const v1::JobRecord& record);
  absl::Status Delete(const std::string& id);

 private:
  EndedJobRows(SqliteStatement insert, SqliteStatement remove)
      : insert_(std::move(insert)), remove_(std::move(remove)) {}

  SqliteStatement insert_, remove_;
};

}  // namespace simclr::coordinator
