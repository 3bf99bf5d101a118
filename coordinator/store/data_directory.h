#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/file_lock.h"

namespace simclr::coordinator {

// Where things lie in a data directory:
//   state.db             events, ended jobs, request ids: what counts
//   snapshots/           the state as of a revision, so that not all events are needed at a start
//   metrics.db           measured steps; losing it costs these alone
//   lock                 held by the coordinator that runs on it
struct DataPaths {
  explicit DataPaths(const std::string& directory);

  std::string directory, database, snapshots, metrics;
};

// Keeps a second coordinator away from the directory. FAILED_PRECONDITION: one runs on it.
absl::StatusOr<FileLock> LockDataDirectory(const std::string& directory);

// The coordinator's own directory, locked.
class DataDirectory {
 public:
  // Makes the directory and the database where they are missing, and converts one of the version before.
  // `cluster_id` empty: whatever is there, or a new one. Each opening raises the term by one.
  // FAILED_PRECONDITION: another coordinator holds it, it belongs to another cluster, or a newer version
  // wrote it. DATA_LOSS: state.db is damaged. Each message says what to do.
  static absl::StatusOr<DataDirectory> Open(const std::string& path, const std::string& cluster_id);

  const std::string& path() const { return paths_.directory; }
  const std::string& database_path() const { return paths_.database; }
  const std::string& snapshots_path() const { return paths_.snapshots; }
  const std::string& metrics_path() const { return paths_.metrics; }
  const std::string& cluster_id() const { return cluster_id_; }
  std::int64_t term() const { return term_; }
  // How and when the database went back in time, while its newer checkpoints are neither adopted nor given
  // up; empty else.
  const std::string& restored() const { return restored_; }
  // From now on they are.
  absl::Status ForgetRestored();

 private:
  DataDirectory(FileLock lock, DataPaths paths) : lock_(std::move(lock)), paths_(std::move(paths)) {}
  absl::Status Prepare(const std::string& wanted_cluster_id);

  FileLock lock_;
  DataPaths paths_;
  std::string cluster_id_;
  std::string restored_;
  std::int64_t term_ = 0;
};

}  // namespace simclr::coordinator
