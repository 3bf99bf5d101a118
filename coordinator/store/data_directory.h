#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace simclr::coordinator {

// The coordinator's own directory: state.db and the lock that keeps a second coordinator away. It is locked
// while the object lives; the kernel lets go of the lock of a process that dies.
class DataDirectory {
 public:
  // Makes the directory and the database where they are missing. `cluster_id` empty: whatever is there, or a
  // new one. Each opening raises the term by one. FAILED_PRECONDITION: another coordinator holds it, it
  // belongs to another cluster, or a newer version wrote it. DATA_LOSS: state.db is damaged. Each message
  // says what to do.
  static absl::StatusOr<DataDirectory> Open(const std::string& path, const std::string& cluster_id);
  ~DataDirectory();
  DataDirectory(DataDirectory&& other) noexcept;
  DataDirectory& operator=(DataDirectory&&) = delete;

  const std::string& database_path() const { return database_path_; }
  const std::string& cluster_id() const { return cluster_id_; }
  std::int64_t term() const { return term_; }

 private:
  DataDirectory(int lock_fd, std::string database_path)
      : lock_fd_(lock_fd), database_path_(std::move(database_path)) {}
  absl::Status Prepare(const std::string& wanted_cluster_id);

  int lock_fd_;
  std::string database_path_;
  std::string cluster_id_;
  std::int64_t term_ = 0;
};

}  // namespace simclr::coordinator
