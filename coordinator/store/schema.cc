#include "coordinator/store/schema.h"

#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace simclr::coordinator {
namespace {

// Times are nanoseconds: of service time in requests, since 1970 in ended_jobs, but for ended_service and
// expires there. The indexes of ended_jobs hold every column that a list filters by, so that rows which it
// does not show are never read; the record comes last in a row, so that the short columns are in its first
// page.
constexpr char kSchema[] = R"(
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS events (revision INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;

  CREATE TABLE IF NOT EXISTS requests (
    principal TEXT NOT NULL, method TEXT NOT NULL, request_id TEXT NOT NULL, content_hash TEXT NOT NULL,
    job_id TEXT NOT NULL, at INTEGER NOT NULL, UNIQUE (principal, method, request_id)) STRICT;
  CREATE INDEX IF NOT EXISTS requests_by_time ON requests (at);

  CREATE TABLE IF NOT EXISTS ended_jobs (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, owner TEXT NOT NULL, kind INTEGER NOT NULL, phase INTEGER NOT NULL,
    submitted_at INTEGER NOT NULL, ended_at INTEGER NOT NULL, labels TEXT NOT NULL, revision INTEGER NOT NULL,
    ended_service INTEGER NOT NULL, expires INTEGER NOT NULL, record BLOB NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS ended_jobs_by_id ON ended_jobs (id, phase, kind, name, owner, submitted_at, ended_at, labels);
  CREATE INDEX IF NOT EXISTS ended_jobs_by_name ON ended_jobs (name, id, phase, kind, owner, submitted_at, ended_at, labels);
  CREATE INDEX IF NOT EXISTS ended_jobs_by_owner ON ended_jobs (owner, id, phase, kind, name, submitted_at, ended_at, labels);
  CREATE INDEX IF NOT EXISTS ended_jobs_by_phase ON ended_jobs (phase, id, kind, name, owner, submitted_at, ended_at, labels);
  CREATE INDEX IF NOT EXISTS ended_jobs_by_revision ON ended_jobs (revision);
  CREATE INDEX IF NOT EXISTS ended_jobs_by_expiry ON ended_jobs (expires, ended_service, id);
)";

using Columns = std::set<std::pair<std::string, std::string>>;  // table, column

absl::StatusOr<Columns> ColumnsOf(SqliteDb& db) {
  SIMCLR_ASSIGN_OR_RETURN(
      SqliteStatement select,
      db.Prepare("SELECT t.name, c.name FROM sqlite_schema AS t, pragma_table_info(t.name) "
                 "AS c WHERE t.type = 'table'"));
  Columns columns;
  SIMCLR_RETURN_IF_ERROR(select.ForEach([&columns](const SqliteStatement& row) {
    columns.emplace(row.Bytes(0), row.Bytes(1));
    return absl::OkStatus();
  }));
  return columns;
}

// Versions between two releases wrote this number, too, before all columns were there.
absl::Status CheckColumns(SqliteDb& db) {
  SIMCLR_ASSIGN_OR_RETURN(SqliteDb empty, SqliteDb::Open(":memory:"));
  SIMCLR_RETURN_IF_ERROR(empty.Execute(kSchema));
  SIMCLR_ASSIGN_OR_RETURN(const Columns wanted, ColumnsOf(empty));
  SIMCLR_ASSIGN_OR_RETURN(const Columns found, ColumnsOf(db));
  for (const auto& [table, column] : wanted) {
    const auto any = found.lower_bound({table, ""});
    const bool is_there = any != found.end() && any->first == table;
    if (!is_there || found.count({table, column}) > 0) continue;
    return absl::FailedPreconditionError(absl::StrCat("its table ", table, " has no column ", column,
                                                      ": a version before the release of schema ",
                                                      kSchemaVersion, " wrote it"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MakeSchema(SqliteDb& db) {
  SIMCLR_RETURN_IF_ERROR(CheckColumns(db));
  return db.Execute(kSchema);
}

}  // namespace simclr::coordinator
