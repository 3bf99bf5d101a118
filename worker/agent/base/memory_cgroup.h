#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace simclr::agent {

// What the kernel tells of the memory that this agent and its trainers share.
struct MemoryCgroup {
  std::string path;                         // its directory
  std::int64_t oom_kills = 0;               // processes that the out-of-memory killer ended, so far
  std::optional<std::int64_t> limit_bytes;  // the smallest of it and of those above it; nullopt: none
};

struct MemoryCgroupPaths {
  std::string membership = "/proc/self/cgroup";
  std::string root = "/sys/fs/cgroup";
};

// The memory cgroup of this process, of version 2 or 1; nullopt where none can be read. In a container whose
// view of the tree begins at its own cgroup, that is taken. Thread-safe.
std::optional<MemoryCgroup> ReadMemoryCgroup(const MemoryCgroupPaths& paths);

// What the end of a trainer by SIGKILL says when the kernel's count rose during its life; else empty. Pure.
std::string OutOfMemoryText(const std::optional<MemoryCgroup>& before,
                            const std::optional<MemoryCgroup>& now);

}  // namespace simclr::agent
