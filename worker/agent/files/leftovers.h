#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/file_system.h"
#include "common/base/subprocess.h"
#include "worker/agent/base/rank_key.h"

namespace simclr::agent {

// The directory of a rank whose agent died.
struct Leftover {
  std::string directory;
  // "JOB/logs/a1-1f2e3d4c-r0.log"; empty: the directory names no rank.
  std::string log_name;
  std::optional<RankKey> key;              // whole; nullopt where the agent was older than kRankName
  int slot = -1;                           // -1: likewise
  std::optional<ProcessIdentity> process;  // nullopt: it has ended
};

// What lies in `directory`, which holds one folder a rank, named as in "JOB-a1-1f2e3d4c-r0".
absl::StatusOr<std::vector<Leftover>> FindLeftovers(FileSystem& files, const std::string& directory);

}  // namespace simclr::agent
