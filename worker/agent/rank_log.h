#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace simclr::agent {

// The log file into which a trainer writes by itself. Rotation keeps the offsets: when the file grows over
// the limit, the older half is handed back to the disk as a hole, so that readers that follow by offset are
// not disturbed. Not thread-safe.
class RankLog {
 public:
  RankLog(std::string path, std::int64_t max_bytes) : path_(std::move(path)), max_bytes_(max_bytes) {}

  const std::string& path() const { return path_; }

  // Takes over a file that another process has rotated.
  void FindHole();

  absl::Status Rotate();
  // The last lines, at most `max_bytes` of them.
  absl::StatusOr<std::string> Tail(std::int64_t max_bytes) const;
  // Copies what was kept to `target`, atomically and synced; its directory is made.
  absl::Status CopyTo(const std::string& target) const;

 private:
  const std::string path_;
  const std::int64_t max_bytes_;
  std::int64_t kept_from_ = 0;  // before it there is the hole
};

// At most `max_bytes` from `offset` on; empty at the end of the file.
absl::StatusOr<std::string> ReadAt(const std::string& path, std::int64_t offset, std::int64_t max_bytes);

}  // namespace simclr::agent
