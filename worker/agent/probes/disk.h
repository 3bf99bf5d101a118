#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace simclr::agent {

// Of the file system that `path` lies on. NOT_FOUND where there is none.
absl::StatusOr<std::int64_t> FileSystemBytes(const std::string& path);
absl::StatusOr<std::int64_t> FreeBytes(const std::string& path);

}  // namespace simclr::agent
