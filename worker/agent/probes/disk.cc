#include "worker/agent/probes/disk.h"

#include <sys/statvfs.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace simclr::agent {
namespace {

absl::StatusOr<struct statvfs> Ask(const std::string& path) {
  struct statvfs size {};
  if (::statvfs(path.c_str(), &size) == 0) return size;
  return absl::NotFoundError(absl::StrCat(path, " cannot be read: ", std::strerror(errno)));
}

}  // namespace

absl::StatusOr<std::int64_t> FileSystemBytes(const std::string& path) {
  SIMCLR_ASSIGN_OR_RETURN(const struct statvfs size, Ask(path));
  return static_cast<std::int64_t>(size.f_blocks * size.f_frsize);
}

absl::StatusOr<std::int64_t> FreeBytes(const std::string& path) {
  SIMCLR_ASSIGN_OR_RETURN(const struct statvfs size, Ask(path));
  return static_cast<std::int64_t>(size.f_bavail * size.f_frsize);
}

}  // namespace simclr::agent
