#include "worker/agent/base/rank_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace simclr::agent {
namespace {

// An open file, closed with the object.
class LogFile {
 public:
  LogFile(const std::string& path, int mode) : path_(path), fd_(::open(path.c_str(), mode | O_CLOEXEC)) {
    if (fd_ < 0) error_ = errno;
  }
  ~LogFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  absl::Status opened() const {
    if (fd_ >= 0) return absl::OkStatus();
    return absl::NotFoundError(absl::StrCat("cannot open ", path_, ": ", std::strerror(error_)));
  }
  absl::Status Failed(const char* doing) const {
    return absl::InternalError(absl::StrCat("cannot ", doing, " ", path_, ": ", std::strerror(errno)));
  }
  int fd() const { return fd_; }

 private:
  const std::string path_;
  const int fd_;
  int error_ = 0;
};

}  // namespace

absl::StatusOr<std::string> ReadAt(const std::string& path, std::int64_t offset, std::int64_t max_bytes) {
  const LogFile file(path, O_RDONLY);
  SIMCLR_RETURN_IF_ERROR(file.opened());
  std::string bytes(static_cast<std::size_t>(max_bytes), '\0');
  const ssize_t got = ::pread(file.fd(), bytes.data(), bytes.size(), offset);
  if (got < 0) return file.Failed("read");
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

absl::StatusOr<LogRange> RangeOfLog(const std::string& path) {
  const LogFile file(path, O_RDONLY);
  SIMCLR_RETURN_IF_ERROR(file.opened());
  LogRange range;
  range.end = ::lseek(file.fd(), 0, SEEK_END);
  if (range.end < 0) return file.Failed("measure");
  const off_t data = ::lseek(file.fd(), 0, SEEK_DATA);
  // Beyond the last byte of data there is none: all of it is a hole. Else the file system knows no holes.
  range.base = data >= 0 ? data : (errno == ENXIO ? range.end : 0);
  return range;
}

absl::Status RotateLog(const std::string& path, std::int64_t max_bytes) {
  SIMCLR_ASSIGN_OR_RETURN(const LogRange range, RangeOfLog(path));
  if (range.end - range.base <= max_bytes) return absl::OkStatus();
  const LogFile file(path, O_WRONLY);
  SIMCLR_RETURN_IF_ERROR(file.opened());
  struct stat info {};
  if (::fstat(file.fd(), &info) != 0) return file.Failed("measure");
  // A hole is made of whole blocks; of a block that it ends in, zeros would be left.
  const std::int64_t keep_from = range.end - max_bytes / 2;
  const std::int64_t hole = keep_from - keep_from % std::max<std::int64_t>(1, info.st_blksize);
  if (hole <= range.base) return absl::OkStatus();
  if (::fallocate(file.fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, hole) != 0) {
    return file.Failed("shorten");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> TailOfLog(const std::string& path, std::int64_t max_bytes) {
  SIMCLR_ASSIGN_OR_RETURN(const LogRange range, RangeOfLog(path));
  const std::int64_t from = std::max(range.base, range.end - max_bytes);
  SIMCLR_ASSIGN_OR_RETURN(std::string tail, ReadAt(path, from, max_bytes));
  const std::size_t first_line = tail.find('\n');
  if (from > 0 && first_line != std::string::npos && first_line + 1 < tail.size())
    tail.erase(0, first_line + 1);
  return tail;
}

}  // namespace simclr::agent
