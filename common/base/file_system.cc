#include "common/base/file_system.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"

namespace simclr {
namespace {

absl::Status ErrnoStatus(int error, absl::string_view doing, const std::string& path) {
  const std::string text = absl::StrCat("cannot ", doing, " ", Printable(path), ": ", std::strerror(error));
  switch (error) {
    case ENOENT:
      return absl::NotFoundError(text);
    case EEXIST:
    case ENOTEMPTY:
      return absl::AlreadyExistsError(text);
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(text);
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return absl::ResourceExhaustedError(text);
    case ENOTDIR:
    case EISDIR:
      return absl::FailedPreconditionError(text);
    default:
      return absl::InternalError(text);
  }
}

absl::Status FromErrorCode(const std::error_code& error, absl::string_view doing, const std::string& path) {
  return error ? ErrnoStatus(error.value(), doing, path) : absl::OkStatus();
}

absl::Status TooLarge(const std::string& name, absl::string_view size, std::size_t max_bytes) {
  return absl::OutOfRangeError(
      absl::StrCat(Printable(name), " has ", size, " bytes; at most ", max_bytes, " are read"));
}

// False: nobody wrote for that long.
bool AwaitBytes(int fd, absl::Duration patience) {
  pollfd readable{fd, POLLIN, 0};
  return ::poll(&readable, 1, static_cast<int>(absl::ToInt64Milliseconds(patience))) != 0;
}

// `patience`: for a descriptor that does not block.
absl::StatusOr<std::string> ReadUpTo(int fd, const std::string& name, std::size_t max_bytes,
                                     absl::Duration patience) {
  std::string bytes;
  char buffer[1 << 16];
  while (bytes.size() <= max_bytes) {
    if (!AwaitBytes(fd, patience)) {
      return absl::FailedPreconditionError(
          absl::StrCat("nothing comes from ", Printable(name), " within ", absl::FormatDuration(patience)));
    }
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got == 0) return bytes;
    if (got > 0) bytes.append(buffer, static_cast<std::size_t>(got));
    if (got < 0 && errno != EAGAIN && errno != EINTR) return ErrnoStatus(errno, "read", name);
  }
  return TooLarge(name, absl::StrCat("more than ", max_bytes), max_bytes);
}

class Posix : public FileSystem {
 public:
  absl::StatusOr<std::string> Read(const std::string& path) const override {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return ErrnoStatus(errno, "open", path);
    std::string bytes;
    char buffer[1 << 16];
    ssize_t got = 0;
    while ((got = ::read(fd, buffer, sizeof buffer)) > 0) bytes.append(buffer, static_cast<std::size_t>(got));
    const int error = errno;
    ::close(fd);
    if (got < 0) return ErrnoStatus(error, "read", path);
    return bytes;
  }

  absl::Status Write(const std::string& path, absl::string_view bytes) override {
    return WriteWith(path, bytes, O_TRUNC);
  }

  absl::Status Append(const std::string& path, absl::string_view bytes) override {
    return WriteWith(path, bytes, O_APPEND);
  }

  absl::Status SyncDirectory(const std::string& path) override {
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return ErrnoStatus(errno, "open directory", path);
    const int failed = ::fsync(fd);
    const int error = errno;
    ::close(fd);
    return failed == 0 ? absl::OkStatus() : ErrnoStatus(error, "sync directory", path);
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0)
      return ErrnoStatus(errno, absl::StrCat("rename ", Printable(from), " to"), to);
    return absl::OkStatus();
  }

  absl::Status MakeDirectories(const std::string& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    return FromErrorCode(error, "make directory", path);
  }

  absl::Status RemoveAll(const std::string& path) override {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    return FromErrorCode(error, "remove", path);
  }

  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) const override {
    std::error_code error;
    std::vector<std::string> names;
    std::filesystem::directory_iterator entry(directory, error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      names.push_back(entry->path().filename().string());
    }
    if (error) return ErrnoStatus(error.value(), "list", directory);
    std::sort(names.begin(), names.end());
    return names;
  }

  bool Exists(const std::string& path) const override {
    std::error_code error;
    return std::filesystem::exists(path, error);
  }

  absl::StatusOr<std::int64_t> Size(const std::string& path) const override {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    if (error) return ErrnoStatus(error.value(), "stat", path);
    return static_cast<std::int64_t>(size);
  }

 private:
  static absl::Status WriteWith(const std::string& path, absl::string_view bytes, int mode) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | mode, 0644);
    if (fd < 0) return ErrnoStatus(errno, "create", path);
    const int error = WriteAndSync(fd, bytes);
    const int close_error = ::close(fd) == 0 ? 0 : errno;
    if (error != 0) return ErrnoStatus(error, "write", path);
    return close_error == 0 ? absl::OkStatus() : ErrnoStatus(close_error, "close", path);
  }

  static int WriteAndSync(int fd, absl::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return errno;
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return ::fsync(fd) == 0 ? 0 : errno;
  }
};

}  // namespace

FileSystem& PosixFileSystem() {
  static Posix files;
  return files;
}

absl::Status WriteAtomically(FileSystem& files, const std::string& path, absl::string_view bytes) {
  const std::string partial = absl::StrCat(path, ".partial");
  absl::Status written = files.Write(partial, bytes);
  if (written.ok()) written = files.Rename(partial, path);
  if (!written.ok()) {
    // The first error is the one to tell; what is left of the partial file is overwritten next time.
    files.RemoveAll(partial).IgnoreError();
    return written;
  }
  const std::string directory = std::filesystem::path(path).parent_path().string();
  return files.SyncDirectory(directory.empty() ? "." : directory);
}

absl::StatusOr<std::string> ReadSmallFile(const std::string& path, std::size_t max_bytes) {
  constexpr absl::Duration kPatience = absl::Seconds(5);
  // Without O_NONBLOCK the opening of a pipe waits for somebody who writes.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return ErrnoStatus(errno, "open", path);
  struct stat info {};
  const bool file = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  absl::StatusOr<std::string> bytes = file && info.st_size > static_cast<off_t>(max_bytes)
                                          ? TooLarge(path, absl::StrCat(info.st_size), max_bytes)
                                          : ReadUpTo(fd, path, max_bytes, kPatience);
  ::close(fd);
  return bytes;
}

absl::StatusOr<std::string> ReadSmall(int fd, const std::string& name, std::size_t max_bytes) {
  return ReadUpTo(fd, name, max_bytes, absl::Milliseconds(-1));
}

std::string JoinPath(absl::string_view directory, absl::string_view name) {
  return (std::filesystem::path(std::string(directory)) / std::string(name)).string();
}

}  // namespace simclr
