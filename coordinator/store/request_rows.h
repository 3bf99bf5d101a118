#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "coordinator/store/journal.h"
#include "coordinator/store/sqlite_db.h"

namespace simclr::coordinator {

constexpr absl::Duration kKeepRequests = absl::Hours(24);  // of service time

// The table of answered calls. Not thread-safe.
class RequestRows {
 public:
  static absl::StatusOr<RequestRows> Prepare(SqliteDb& db);

  // In an open transaction. Forgets, a few at a time, what is too old for the newest of `requests`.
  absl::Status Write(const std::vector<RequestRecord>& requests);
  absl::StatusOr<std::optional<RequestRecord>> Find(const std::string& principal, const std::string& method,
                                                    const std::string& request_id);

 private:
  RequestRows(SqliteStatement insert, SqliteStatement find, SqliteStatement forget)
      : insert_(std::move(insert)), find_(std::move(find)), forget_(std::move(forget)) {}

  SqliteStatement insert_, find_, forget_;
};

}  // namespace simclr::coordinator
