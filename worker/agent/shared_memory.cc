#include "worker/agent/shared_memory.h"

#include <sys/statvfs.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace simclr::agent {

absl::StatusOr<std::int64_t> FileSystemBytes(const std::string& path) {
  struct statvfs size {};
  if (::statvfs(path.c_str(), &size) != 0) {
    return absl::NotFoundError(absl::StrCat(path, " cannot be read: ", std::strerror(errno)));
  }
  return static_cast<std::int64_t>(size.f_blocks * size.f_frsize);
}

absl::Status CheckSharedMemory(const absl::StatusOr<std::int64_t>& bytes, std::int64_t required) {
  if (required <= 0 || (bytes.ok() && *bytes >= required)) return absl::OkStatus();
  constexpr std::int64_t kMib = 1 << 20;
  const std::string found = bytes.ok() ? absl::StrCat(kSharedMemoryPath, " has ", *bytes / kMib, " MiB")
                                       : std::string(bytes.status().message());
  return absl::FailedPreconditionError(absl::StrCat(found, ", trainers need ", required / kMib,
                                                    " MiB: mount a memory volume at ", kSharedMemoryPath,
                                                    "; in Kubernetes an emptyDir with medium: Memory, with "
                                                    "Docker --shm-size; or start with --min-shm-bytes 0"));
}

}  // namespace simclr::agent
