#include "coordinator/store/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "coordinator/store/sqlite_db.h"

namespace simclr::coordinator {
namespace {

constexpr std::int64_t kSchemaVersion = 1;

// Version 1. A change of it is a new version: numbered, forward only, in one transaction.
constexpr char kSchema[] = R"(
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS events (revision INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS snapshots (revision INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS submissions (
    owner TEXT NOT NULL, request_id TEXT NOT NULL, content_hash TEXT NOT NULL, job_id TEXT NOT NULL,
    at_unix_seconds INTEGER NOT NULL, PRIMARY KEY (owner, request_id)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS step_metrics (
    job_id TEXT NOT NULL, step INTEGER NOT NULL, attempt INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (job_id, step, attempt)) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS metric_series (
    job_id TEXT PRIMARY KEY, points INTEGER NOT NULL, stride INTEGER NOT NULL) STRICT, WITHOUT ROWID;
)";

absl::StatusOr<std::string> ReadMeta(SqliteDb& db, absl::string_view key) {
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement statement, db.Prepare("SELECT value FROM meta WHERE key = ?"));
  SIMCLR_ASSIGN_OR_RETURN(const bool found, statement.Bind(1, key).Step());
  return found ? statement.Bytes(0) : "";
}

absl::Status WriteMeta(SqliteDb& db, absl::string_view key, absl::string_view value) {
  SIMCLR_ASSIGN_OR_RETURN(SqliteStatement statement, db.Prepare("INSERT OR REPLACE INTO meta VALUES (?, ?)"));
  return statement.Bind(1, key).Bind(2, value).Run();
}

absl::StatusOr<std::int64_t> ReadNumber(SqliteDb& db, absl::string_view key) {
  SIMCLR_ASSIGN_OR_RETURN(const std::string text, ReadMeta(db, key));
  std::int64_t number = 0;
  if (!text.empty() && !absl::SimpleAtoi(text, &number)) {
    return absl::DataLossError(absl::StrCat("meta value ", key, " is '", text, "', not a number"));
  }
  return number;
}

absl::StatusOr<int> Lock(const std::string& directory) {
  const std::string path = JoinPath(directory, "lock");
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return absl::PermissionDeniedError(absl::StrCat("cannot open ", path, ": ", std::strerror(errno)));
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  ::close(fd);
  return absl::FailedPreconditionError(absl::StrCat("another coordinator runs on ", directory,
                                                    "; stop it, or give this one another --data-dir"));
}

absl::Status WithAdvice(const absl::Status& status, const std::string& path) {
  if (!absl::IsDataLoss(status)) return status;
  return absl::DataLossError(absl::StrCat(path, " is damaged or no coordinator database (", status.message(),
                                          "); restore it from a backup, or start on an empty --data-dir"));
}

}  // namespace

absl::StatusOr<DataDirectory> DataDirectory::Open(const std::string& path, const std::string& cluster_id) {
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().MakeDirectories(path));
  SIMCLR_ASSIGN_OR_RETURN(const int lock_fd, Lock(path));
  DataDirectory directory(lock_fd, JoinPath(path, "state.db"));
  SIMCLR_RETURN_IF_ERROR(WithAdvice(directory.Prepare(cluster_id), directory.database_path_));
  return directory;
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : lock_fd_(std::exchange(other.lock_fd_, -1)),
      database_path_(std::move(other.database_path_)),
      cluster_id_(std::move(other.cluster_id_)),
      term_(other.term_) {}

DataDirectory::~DataDirectory() {
  if (lock_fd_ >= 0) ::close(lock_fd_);
}

absl::Status DataDirectory::Prepare(const std::string& wanted_cluster_id) {
  SIMCLR_ASSIGN_OR_RETURN(SqliteDb db, SqliteDb::Open(database_path_, SqliteDb::Sync::kFull));
  SIMCLR_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(db));
  SIMCLR_RETURN_IF_ERROR(
      db.Execute("CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT"));
  SIMCLR_ASSIGN_OR_RETURN(const std::int64_t version, ReadNumber(db, "schema_version"));
  if (version > kSchemaVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat(database_path_, " was written by a newer version (schema ", version, ", this one knows ",
                     kSchemaVersion, "); use that version or a backup of before"));
  }
  SIMCLR_RETURN_IF_ERROR(db.Execute(kSchema));
  SIMCLR_ASSIGN_OR_RETURN(cluster_id_, ReadMeta(db, "cluster_id"));
  if (cluster_id_.empty()) {
    cluster_id_ = wanted_cluster_id.empty() ? absl::StrCat("c-", HexId(RandomBits())) : wanted_cluster_id;
  } else if (!wanted_cluster_id.empty() && wanted_cluster_id != cluster_id_) {
    return absl::FailedPreconditionError(absl::StrCat(database_path_, " belongs to cluster '", cluster_id_,
                                                      "', not to '", wanted_cluster_id,
                                                      "'; the wrong volume may be mounted"));
  }
  SIMCLR_ASSIGN_OR_RETURN(const std::int64_t last_term, ReadNumber(db, "term"));
  term_ = last_term + 1;
  SIMCLR_RETURN_IF_ERROR(WriteMeta(db, "schema_version", absl::StrCat(kSchemaVersion)));
  SIMCLR_RETURN_IF_ERROR(WriteMeta(db, "cluster_id", cluster_id_));
  SIMCLR_RETURN_IF_ERROR(WriteMeta(db, "term", absl::StrCat(term_)));
  return transaction.Commit();
}

}  // namespace simclr::coordinator
