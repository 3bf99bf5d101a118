#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace simclr {

// An exclusive lock on a file, which is made where it is missing: one process at a time works where it lies.
// It is held while the object lives; the kernel lets go of the lock of a process that dies.
class FileLock {
 public:
  // Does not wait. ABORTED: another process holds it. PERMISSION_DENIED: it cannot be opened.
  static absl::StatusOr<FileLock> Take(const std::string& path);
  ~FileLock();
  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;

 private:
  explicit FileLock(int fd) : fd_(fd) {}

  int fd_;
};

}  // namespace simclr
