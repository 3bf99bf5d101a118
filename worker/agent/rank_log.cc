#include "worker/agent/rank_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"

namespace simclr::agent {

absl::StatusOr<std::string> ReadAt(const std::string& path, std::int64_t offset, std::int64_t max_bytes) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::NotFoundError(absl::StrCat("cannot open ", path, ": ", std::strerror(errno)));
  std::string bytes(static_cast<std::size_t>(max_bytes), '\0');
  const ssize_t got = ::pread(fd, bytes.data(), bytes.size(), offset);
  const int error = errno;
  ::close(fd);
  if (got < 0) return absl::InternalError(absl::StrCat("cannot read ", path, ": ", std::strerror(error)));
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

void RankLog::FindHole() {
  const int fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  kept_from_ = std::max<std::int64_t>(0, ::lseek(fd, 0, SEEK_DATA));
  ::close(fd);
}

absl::Status RankLog::Rotate() {
  SIMCLR_ASSIGN_OR_RETURN(const std::int64_t size, PosixFileSystem().Size(path_));
  if (size - kept_from_ <= max_bytes_) return absl::OkStatus();
  const std::int64_t keep_from = size - max_bytes_ / 2;
  const int fd = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return absl::InternalError(absl::StrCat("cannot open ", path_, ": ", std::strerror(errno)));
  const int failed = ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, keep_from);
  const int error = errno;
  ::close(fd);
  if (failed != 0)
    return absl::InternalError(absl::StrCat("cannot shorten ", path_, ": ", std::strerror(error)));
  kept_from_ = keep_from;
  return absl::OkStatus();
}

absl::StatusOr<std::string> RankLog::Tail(std::int64_t max_bytes) const {
  SIMCLR_ASSIGN_OR_RETURN(const std::int64_t size, PosixFileSystem().Size(path_));
  const std::int64_t from = std::max(kept_from_, size - max_bytes);
  SIMCLR_ASSIGN_OR_RETURN(std::string tail, ReadAt(path_, from, max_bytes));
  const std::size_t first_line = tail.find('\n');
  if (from > 0 && first_line != std::string::npos && first_line + 1 < tail.size())
    tail.erase(0, first_line + 1);
  return tail;
}

absl::Status RankLog::CopyTo(const std::string& target) const {
  FileSystem& files = PosixFileSystem();
  SIMCLR_RETURN_IF_ERROR(files.MakeDirectories(std::filesystem::path(target).parent_path().string()));
  SIMCLR_ASSIGN_OR_RETURN(const std::int64_t size, files.Size(path_));
  SIMCLR_ASSIGN_OR_RETURN(std::string bytes, ReadAt(path_, kept_from_, size - kept_from_));
  if (kept_from_ > 0) {
    bytes = absl::StrCat("[the first ", kept_from_, " bytes were dropped: log limit ", max_bytes_,
                         " bytes]\n", bytes);
  }
  return WriteAtomically(files, target, bytes);
}

}  // namespace simclr::agent
