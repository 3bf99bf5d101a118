#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace simclr::coordinator {

// What the collector of files looks at next.
struct Cleanup {
  std::int64_t revision = 0;
  std::vector<std::string>
      changed;  // open jobs that changed, and jobs that were deleted, since it asked last
  std::map<std::string, std::string> condemned;  // paths that are to be removed, and the job of each
};

}  // namespace simclr::coordinator
