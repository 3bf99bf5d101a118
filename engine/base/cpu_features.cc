#include "engine/base/cpu_features.h"

#include <fstream>
#include <string>

#include "absl/strings/match.h"

namespace simclr::engine {

bool CpuHasBf16() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);) {
    if (absl::StartsWith(line, "flags")) {
      return absl::StrContains(line, " avx512_bf16") || absl::StrContains(line, " amx_bf16");
    }
  }
  return false;
}

}  // namespace simclr::engine
