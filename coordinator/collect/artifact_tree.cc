#include "coordinator/collect/artifact_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "common/base/text.h"
#include "coordinator/state/cleanup.h"

namespace simclr::coordinator {
namespace {

constexpr int kDeepest = 64;  // directories in each other; each holds a descriptor

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

absl::Status Errno(absl::string_view what, const std::string& path) {
  const int error = errno;
  const std::string message = absl::StrCat("cannot ", what, " ", Printable(path), ": ", std::strerror(error));
  if (error == ENOENT || error == ENOTDIR || error == ELOOP) return absl::NotFoundError(message);
  return absl::InternalError(message);
}

absl::StatusOr<dev_t> DeviceOf(int fd, const std::string& path) {
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) return Errno("look at", path);
  return facts.st_dev;
}

absl::StatusOr<Fd> OpenRoot(const std::string& root) {
  Fd fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return Errno("open directory", root);
  return fd;
}

absl::StatusOr<Fd> OpenDirectoryAt(int parent, const std::string& name, const std::string& path) {
  Fd fd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd.get() < 0) return Errno("open directory", path);
  return fd;
}

// Down to the directory that holds the last name of `path`.
absl::StatusOr<Fd> OpenParent(const std::string& root, const std::string& path, std::string& last) {
  SIMCLR_ASSIGN_OR_RETURN(Fd fd, OpenRoot(root));
  std::vector<std::string> names = absl::StrSplit(path, '/');
  last = names.back();
  names.pop_back();
  for (const std::string& name : names) {
    SIMCLR_ASSIGN_OR_RETURN(fd, OpenDirectoryAt(fd.get(), name, path));
  }
  return fd;
}

absl::StatusOr<std::vector<std::string>> NamesIn(int directory, const std::string& path) {
  const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(copy < 0 ? nullptr : ::fdopendir(copy), ::closedir);
  if (stream == nullptr) return Errno("list", path);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  if (errno != 0) return Errno("list", path);
  std::sort(names.begin(), names.end());
  return names;
}

// Removes what is called `name` in `parent`.
class Remover {
 public:
  Remover(dev_t device, std::int64_t& bytes) : device_(device), bytes_(bytes) {}

  absl::Status Remove(int parent, const std::string& name, const std::string& path, int depth) {
    struct stat facts {};
    if (::fstatat(parent, name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) return Done("look at", path);
    if (!S_ISDIR(facts.st_mode)) {
      if (::unlinkat(parent, name.c_str(), 0) != 0) return Done("remove", path);
      if (S_ISREG(facts.st_mode) && facts.st_nlink <= 1) bytes_ += facts.st_size;
      return absl::OkStatus();
    }
    SIMCLR_RETURN_IF_ERROR(Empty(parent, name, path, depth));
    if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0) return Done("remove", path);
    return absl::OkStatus();
  }

 private:
  absl::Status Empty(int parent, const std::string& name, const std::string& path, int depth) {
    if (depth >= kDeepest)
      return absl::InternalError(absl::StrCat(Printable(path), " is too deep to be removed"));
    absl::StatusOr<Fd> fd = OpenDirectoryAt(parent, name, path);
    if (!fd.ok()) return fd.status();
    SIMCLR_ASSIGN_OR_RETURN(const dev_t device, DeviceOf(fd->get(), path));
    if (device != device_) {
      return absl::FailedPreconditionError(
          absl::StrCat(Printable(path), " is another file system, mounted there; unmount it"));
    }
    SIMCLR_ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(fd->get(), path));
    for (const std::string& entry : names) {
      SIMCLR_RETURN_IF_ERROR(Remove(fd->get(), entry, absl::StrCat(path, "/", entry), depth + 1));
    }
    return absl::OkStatus();
  }

  // Somebody else may have been faster.
  static absl::Status Done(absl::string_view what, const std::string& path) {
    return errno == ENOENT ? absl::OkStatus() : Errno(what, path);
  }

  const dev_t device_;
  std::int64_t& bytes_;
};

}  // namespace

absl::StatusOr<std::vector<DirectoryEntry>> ArtifactRoot::List(const std::string& path) const {
  std::string last;
  SIMCLR_ASSIGN_OR_RETURN(Fd fd, OpenParent(root_, path.empty() ? "." : path, last));
  SIMCLR_ASSIGN_OR_RETURN(fd, OpenDirectoryAt(fd.get(), last, path));
  SIMCLR_ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesIn(fd.get(), path));
  std::vector<DirectoryEntry> entries;
  for (const std::string& name : names) {
    struct stat facts {};
    if (::fstatat(fd.get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) continue;  // gone meanwhile
    entries.push_back({name, S_ISDIR(facts.st_mode)});
  }
  return entries;
}

absl::Status ArtifactRoot::Remove(const std::string& path, std::int64_t& bytes) const {
  if (!IsPathOfJob(path, path.substr(0, path.find('/')))) {
    return absl::InvalidArgumentError(absl::StrCat("'", Printable(path), "' is no directory of a job"));
  }
  std::string last;
  const absl::StatusOr<Fd> parent = OpenParent(root_, path, last);
  if (absl::IsNotFound(parent.status())) return absl::OkStatus();
  if (!parent.ok()) return parent.status();
  SIMCLR_ASSIGN_OR_RETURN(const Fd root, OpenRoot(root_));
  SIMCLR_ASSIGN_OR_RETURN(const dev_t device, DeviceOf(root.get(), root_));
  return Remover(device, bytes).Remove(parent->get(), last, path, 0);
}

absl::StatusOr<std::int64_t> ArtifactRoot::Size(const std::string& path) const {
  std::string last;
  SIMCLR_ASSIGN_OR_RETURN(const Fd parent, OpenParent(root_, path, last));
  struct stat facts {};
  if (::fstatat(parent.get(), last.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) return Errno("look at", path);
  if (S_ISREG(facts.st_mode)) return facts.st_size;
  return absl::NotFoundError(absl::StrCat(Printable(path), " is no file"));
}

absl::StatusOr<std::string> ArtifactRoot::Read(const std::string& path, std::size_t limit) const {
  std::string last;
  SIMCLR_ASSIGN_OR_RETURN(const std::int64_t size, Size(path));
  if (size > static_cast<std::int64_t>(limit)) {
    return absl::InvalidArgumentError(
        absl::StrCat(Printable(path), " has ", size, " bytes, at most ", limit));
  }
  SIMCLR_ASSIGN_OR_RETURN(const Fd parent, OpenParent(root_, path, last));
  const Fd fd(::openat(parent.get(), last.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  std::string bytes(static_cast<std::size_t>(size), '\0');
  const ssize_t got = fd.get() < 0 ? -1 : ::pread(fd.get(), bytes.data(), bytes.size(), 0);
  if (got < 0) return Errno("read", path);
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

}  // namespace simclr::coordinator
