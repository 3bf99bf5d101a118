#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace simclr {

// The durability seam: everything that must survive a crash goes through it, so that a test can fail the n-th
// write or fill the disk. Errors name the path: NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED,
// RESOURCE_EXHAUSTED (no space), FAILED_PRECONDITION (a file where a directory is needed, or the reverse),
// INTERNAL. Thread-safe.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual absl::StatusOr<std::string> Read(const std::string& path) const = 0;
  // Writes the whole file and syncs it; not atomic, see WriteAtomically.
  virtual absl::Status Write(const std::string& path, absl::string_view bytes) = 0;
  virtual absl::Status Append(const std::string& path, absl::string_view bytes) = 0;
  virtual absl::Status SyncDirectory(const std::string& path) = 0;
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  virtual absl::Status MakeDirectories(const std::string& path) = 0;  // with parents; present is fine
  virtual absl::Status RemoveAll(const std::string& path) = 0;        // missing is fine
  virtual absl::StatusOr<std::vector<std::string>> List(
      const std::string& directory) const = 0;  // names, sorted
  virtual bool Exists(const std::string& path) const = 0;
  virtual absl::StatusOr<std::int64_t> Size(const std::string& path) const = 0;
};

// The real one; outlives every user.
FileSystem& PosixFileSystem();

// Temporary file beside it, sync, rename, sync of the directory: a reader sees the old file or the new one.
absl::Status WriteAtomically(FileSystem& files, const std::string& path, absl::string_view bytes);

// "a/b" of "a" and "b"; `name` alone where it is absolute.
// Reads a file that people name and that is small by its nature (a job file, a token, a certificate): never
// more than `max_bytes`, whatever `path` is. OUT_OF_RANGE names the limit: a file is refused by its size
// before it is read, a device or a pipe when it gave more. A pipe that nobody writes to is given up after
// five seconds (FAILED_PRECONDITION). Other errors as of FileSystem::Read.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path, std::size_t max_bytes);

// The same for what is open already, such as standard input, called `name` in errors; waits as long as it
// must.
absl::StatusOr<std::string> ReadSmall(int fd, const std::string& name, std::size_t max_bytes);

std::string JoinPath(absl::string_view directory, absl::string_view name);

}  // namespace simclr
