#include "coordinator/store/request_rows.h"

#include <algorithm>

#include "common/base/status_macros.h"

namespace simclr::coordinator {
namespace {

// Beyond the number of new ones, so that what is left over of a rush goes, too.
constexpr std::int64_t kForgottenAtOnce = 64;

}  // namespace

absl::StatusOr<RequestRows> RequestRows::Prepare(SqliteDb& db) {
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement insert,
                          db.Prepare("INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?)"));
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement find,
                          db.Prepare("SELECT content_hash, job_id, at FROM requests "
                                     "WHERE principal = ? AND method = ? AND request_id = ?"));
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement forget,
                          db.Prepare("DELETE FROM requests WHERE rowid IN "
                                     "(SELECT rowid FROM requests WHERE at < ? ORDER BY at LIMIT ?)"));
  return RequestRows(std::move(insert), std::move(find), std::move(forget));
}

absl::Status RequestRows::Write(const std::vector<RequestRecord>& requests) {
  if (requests.empty()) return absl::OkStatus();
  absl::Duration now = absl::ZeroDuration();
  for (const RequestRecord& request : requests) now = std::max(now, request.at);
  forget_.Bind(1, absl::ToInt64Nanoseconds(now - kKeepRequests));
  SIMCLR_RETURN_IF_ERROR(
      forget_.Bind(2, kForgottenAtOnce + static_cast<std::int64_t>(requests.size())).Run());
  for (const RequestRecord& request : requests) {
    insert_.Bind(1, request.principal).Bind(2, request.method).Bind(3, request.request_id);
    insert_.Bind(4, request.content_hash)
        .Bind(5, request.job_id)
        .Bind(6, absl::ToInt64Nanoseconds(request.at));
    SIMCLR_RETURN_IF_ERROR(insert_.Run());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<RequestRecord>> RequestRows::Find(const std::string& principal,
                                                               const std::string& method,
                                                               const std::string& request_id) {
  std::optional<RequestRecord> found;
  find_.Bind(1, principal).Bind(2, method).Bind(3, request_id);
  SIMCLR_RETURN_IF_ERROR(find_.ForEach([&](const SqliteStatement& row) {
    found = RequestRecord{principal,    method,       request_id,
                          row.Bytes(0), row.Bytes(1), absl::Nanoseconds(row.Integer(2))};
    return absl::OkStatus();
  }));
  return found;
}

}  // namespace simclr::coordinator
