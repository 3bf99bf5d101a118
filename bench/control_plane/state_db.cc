#include "bench/control_plane/state_db.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"
#include "coordinator/store/sqlite_db.h"

namespace simclr::bench {
namespace {

using coordinator::SqliteDb;
using coordinator::SqliteStatement;
using coordinator::SqliteTransaction;

// As version 1 made it. Not taken from coordinator/store: that one moves on, what was written stays as it is.
constexpr char kSchema[] = R"(
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE events (revision INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
  CREATE TABLE snapshots (revision INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
  CREATE TABLE submissions (
    owner TEXT NOT NULL, request_id TEXT NOT NULL, content_hash TEXT NOT NULL, job_id TEXT NOT NULL,
    at_unix_seconds INTEGER NOT NULL, PRIMARY KEY (owner, request_id)) STRICT, WITHOUT ROWID;
  CREATE TABLE step_metrics (
    job_id TEXT NOT NULL, step INTEGER NOT NULL, attempt INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (job_id, step, attempt)) STRICT, WITHOUT ROWID;
  CREATE TABLE metric_series (
    job_id TEXT PRIMARY KEY, points INTEGER NOT NULL, stride INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO meta VALUES ('schema_version', '1'), ('cluster_id', 'bench'), ('term', '1');
)";

class Writer {
 public:
  Writer(SqliteDb& db, SqliteStatement insert) : db_(db), insert_(std::move(insert)) {}

  absl::Status WriteJobs(const History& history, const StateDbOptions& options) {
    const int in_snapshot = std::max(0, history.size() - options.jobs_after_snapshot);
    for (int index = 0; index < history.size(); ++index) {
      v1::JobRecord record = history.Record(index);
      const bool in = index < in_snapshot;
      SIMCLR_RETURN_IF_ERROR(WriteEvents(History::EventsOf(record), options.all_events || !in));
      if (!in) continue;
      record.set_revision(revision_);
      *snapshot_.add_jobs() = std::move(record);
      snapshot_.set_revision(revision_);
    }
    return WriteSnapshot();
  }

 private:
  absl::Status WriteEvents(std::vector<v1::Event> events, bool as_rows) {
    for (v1::Event& event : events) {
      event.set_revision(++revision_);
      if (!as_rows) continue;
      SIMCLR_RETURN_IF_ERROR(insert_.Bind(1, revision_).BindBlob(2, event.SerializeAsString()).Run());
    }
    return absl::OkStatus();
  }

  absl::Status WriteSnapshot() {
    if (snapshot_.jobs_size() == 0) return absl::OkStatus();
    SIMCLR_ASSIGN_OR_RETURN(SqliteStatement insert, db_.Prepare("INSERT INTO snapshots VALUES (?, ?)"));
    return insert.Bind(1, snapshot_.revision()).BindBlob(2, snapshot_.SerializeAsString()).Run();
  }

  SqliteDb& db_;
  SqliteStatement insert_;
  v1::StateSnapshot snapshot_;
  std::int64_t revision_ = 0;
};

}  // namespace

absl::Status WriteStateDb(const std::string& directory, const History& history,
                          const StateDbOptions& options) {
  const std::string path = JoinPath(directory, "state.db");
  if (PosixFileSystem().Exists(path)) {
    return absl::AlreadyExistsError(absl::StrCat(path, " is there already; name an empty directory"));
  }
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().MakeDirectories(directory));
  SIMCLR_ASSIGN_OR_RETURN(SqliteDb db, SqliteDb::Open(path, SqliteDb::Sync::kNormal));
  SIMCLR_RETURN_IF_ERROR(db.Execute(kSchema));
  SIMCLR_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(db));
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement insert, db.Prepare("INSERT INTO events VALUES (?, ?)"));
  SIMCLR_RETURN_IF_ERROR(Writer(db, std::move(insert)).WriteJobs(history, options));
  SIMCLR_RETURN_IF_ERROR(transaction.Commit());
  return db.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

}  // namespace simclr::bench
