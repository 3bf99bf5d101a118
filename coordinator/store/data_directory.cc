#include "coordinator/store/data_directory.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/file_system.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"
#include "coordinator/store/meta.h"
#include "coordinator/store/migration.h"
#include "coordinator/store/schema.h"
#include "coordinator/store/sqlite_db.h"

namespace simclr::coordinator {
namespace {

absl::Status WithAdvice(const absl::Status& status, const DataPaths& paths) {
  if (!absl::IsDataLoss(status)) return status;
  return absl::DataLossError(
      absl::StrCat(paths.database, " is damaged or no coordinator database (", status.message(),
                   "); 'simclr-coordinator check --data-dir ", paths.directory,
                   "' says how much of it can be read, 'simclr-coordinator ",
                   "repair' keeps that; or restore it from a backup, or start on an empty --data-dir"));
}

absl::Status MakeTables(SqliteDb& db, const std::string& path) {
  const absl::Status made = MakeSchema(db);
  if (!absl::IsFailedPrecondition(made)) return made;
  return absl::FailedPreconditionError(
      absl::StrCat(path, ": ", made.message(),
                   "; use that version, restore a backup of a release, or start on an empty --data-dir"));
}

// The id of the cluster that the database belongs to: its own, else the one that is wanted, else a new one.
absl::StatusOr<std::string> ClusterId(SqliteDb& db, const std::string& wanted, const std::string& path) {
  SIMCLR_ASSIGN_OR_RETURN(const std::string own, ReadMeta(db, "cluster_id"));
  if (own.empty()) return wanted.empty() ? absl::StrCat("c-", HexId(RandomBits())) : wanted;
  if (wanted.empty() || wanted == own) return own;
  return absl::FailedPreconditionError(absl::StrCat(path, " belongs to cluster '", own, "', not to '", wanted,
                                                    "'; the wrong volume may be mounted"));
}

}  // namespace

DataPaths::DataPaths(const std::string& directory)
    : directory(directory),
      database(JoinPath(directory, "state.db")),
      snapshots(JoinPath(directory, "snapshots")),
      metrics(JoinPath(directory, "metrics.db")) {}

absl::StatusOr<FileLock> LockDataDirectory(const std::string& directory) {
  absl::StatusOr<FileLock> lock = FileLock::Take(JoinPath(directory, "lock"));
  if (!absl::IsAborted(lock.status())) return lock;
  return absl::FailedPreconditionError(absl::StrCat("another coordinator runs on ", directory,
                                                    "; stop it, or give this one another --data-dir"));
}

absl::StatusOr<DataDirectory> DataDirectory::Open(const std::string& path, const std::string& cluster_id) {
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().MakeDirectories(path));
  SIMCLR_ASSIGN_OR_RETURN(FileLock lock, LockDataDirectory(path));
  DataDirectory directory(std::move(lock), DataPaths(path));
  SIMCLR_RETURN_IF_ERROR(Migrate(directory.paths_, absl::Now()));
  SIMCLR_RETURN_IF_ERROR(WithAdvice(directory.Prepare(cluster_id), directory.paths_));
  return directory;
}

absl::Status DataDirectory::ForgetRestored() {
  SIMCLR_ASSIGN_OR_RETURN(SqliteDb db, SqliteDb::Open(paths_.database));
  SIMCLR_RETURN_IF_ERROR(WriteMeta(db, "restored", ""));
  restored_.clear();
  return absl::OkStatus();
}

absl::Status DataDirectory::Prepare(const std::string& wanted_cluster_id) {
  SIMCLR_ASSIGN_OR_RETURN(SqliteDb db, SqliteDb::Open(paths_.database));
  SIMCLR_ASSIGN_OR_RETURN(SqliteTransaction transaction, SqliteTransaction::Begin(db));
  SIMCLR_RETURN_IF_ERROR(
      db.Execute("CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT"));
  SIMCLR_ASSIGN_OR_RETURN(const std::int64_t version, ReadMetaNumber(db, "schema_version"));
  if (version > kSchemaVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat(paths_.database, " was written by a newer version (schema ", version,
                     ", this one knows ", kSchemaVersion, "); use that version or a backup of before"));
  }
  SIMCLR_RETURN_IF_ERROR(MakeTables(db, paths_.database));
  SIMCLR_ASSIGN_OR_RETURN(cluster_id_, ClusterId(db, wanted_cluster_id, paths_.database));
  SIMCLR_ASSIGN_OR_RETURN(restored_, ReadMeta(db, "restored"));
  SIMCLR_ASSIGN_OR_RETURN(const std::int64_t last_term, ReadMetaNumber(db, "term"));
  term_ = last_term + 1;
  SIMCLR_RETURN_IF_ERROR(WriteMeta(db, "schema_version", absl::StrCat(kSchemaVersion)));
  SIMCLR_RETURN_IF_ERROR(WriteMeta(db, "cluster_id", cluster_id_));
  SIMCLR_RETURN_IF_ERROR(WriteMeta(db, "term", absl::StrCat(term_)));
  return transaction.Commit();
}

}  // namespace simclr::coordinator
