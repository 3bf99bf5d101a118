#include "worker/agent/probes/shared_memory.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace simclr::agent {

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
