#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "coordinator/store/data_directory.h"
#include "coordinator/store/history.h"
#include "coordinator/store/journal.h"
#include "coordinator/store/sqlite_db.h"
#include "simclr/v1/event.pb.h"

namespace simclr::coordinator {

// A state.db of this version or the one before, for reading alone, damaged or not: each row by itself, so
// that a damaged page costs what is on it. What cannot be read is said in `losses`. Not thread-safe.
class StoredDatabase {
 public:
  // NOT_FOUND: there is none. FAILED_PRECONDITION: a newer version wrote it. DATA_LOSS: not even its version
  // can be read.
  static absl::StatusOr<StoredDatabase> Open(const DataPaths& paths);

  std::int64_t version() const { return version_; }
  const std::string& cluster_id() const { return cluster_id_; }
  std::int64_t term() const { return term_; }
  const std::string& restored() const { return restored_; }

  // SQLite's own check of every page and index. Its findings; none: sound.
  std::vector<std::string> IntegrityFindings();

  // The newest snapshot of before `end` that verifies, and the events after it. DATA_LOSS: there is no such
  // snapshot, and the events do not begin with the first.
  absl::StatusOr<History> ReadHistory(std::int64_t end, std::vector<std::string>& losses);
  // Revisions of the snapshots that verify, oldest first.
  std::vector<std::int64_t> SoundSnapshots(std::vector<std::string>& losses);
  // Events of revisions in [first, last], as they are stored.
  absl::Status ReadEvents(std::int64_t first, std::int64_t last, std::vector<std::string>& losses,
                          absl::FunctionRef<absl::Status(const StoredEvent&)> take);
  absl::Status ReadEnded(std::vector<std::string>& losses,
                         absl::FunctionRef<absl::Status(const v1::JobRecord&)> take);
  absl::Status ReadRequests(std::vector<std::string>& losses,
                            absl::FunctionRef<absl::Status(RequestRecord)> take);

  SqliteDb& db() { return db_; }

 private:
  StoredDatabase(DataPaths paths, SqliteDb db) : paths_(std::move(paths)), db_(std::move(db)) {}
  absl::Status ReadMetaValues();
  // Newest first; of version 1 from its table.
  std::vector<std::int64_t> SnapshotRevisions();
  absl::StatusOr<std::string> ReadSnapshot(std::int64_t revision);
  absl::StatusOr<std::string> ReadSnapshotRow(std::int64_t revision);
  enum class RowState { kRead, kMissing, kDamaged };
  // `read` gets the row.
  static RowState ReadRow(SqliteStatement& by_key, std::int64_t key,
                          absl::FunctionRef<void(const SqliteStatement&)> read);
  // The last key of a table from `first` on; found by trying each where the end of the table is damaged.
  std::int64_t LastKey(const std::string& table, std::int64_t first);
  absl::StatusOr<SqliteStatement> ByKey(const std::string& table, const std::string& columns);

  DataPaths paths_;
  SqliteDb db_;
  std::int64_t version_ = 0;
  std::string cluster_id_;
  std::int64_t term_ = 0;
  std::string restored_;
};

}  // namespace simclr::coordinator
