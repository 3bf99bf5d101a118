#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace simclr::agent {

// Where NCCL puts what the trainers of a node exchange; containers have 64 MiB there unless told otherwise.
inline constexpr char kSharedMemoryPath[] = "/dev/shm";
inline constexpr std::int64_t kSharedMemoryForGpus = std::int64_t{1} << 30;

// FAILED_PRECONDITION with the cure where shared memory of size `bytes`, as FileSystemBytes gave it, is less
// than `required`. Requiring 0 is no check. Pure.
absl::Status CheckSharedMemory(const absl::StatusOr<std::int64_t>& bytes, std::int64_t required);

}  // namespace simclr::agent
