#pragma once

#include <string>
#include <vector>

#include "common/base/subprocess.h"

namespace simclr::cli {

struct TrainerEntry {
  std::string job;
  int attempt = 0;
  int rank = 0;
  ProcessIdentity process;
};

// The trainers of this machine whose --dir lies in `directory`, found by their arguments: it works whether or
// not the agent that started them still lives. Sorted by job, attempt and rank.
std::vector<TrainerEntry> FindTrainers(const std::string& directory);

}  // namespace simclr::cli
