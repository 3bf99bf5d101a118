#include "common/base/fault_point.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace simclr {
namespace {

struct Armed {
  std::string name;  // empty: nothing is armed
  int passing = 1;
};

Armed ReadEnvironment() {
  const char* text = std::getenv("SIMCLR_FAULT_POINT");
  if (text == nullptr) return {};
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('@', 1));
  Armed armed{parts.first, 1};
  if (!parts.second.empty() && !absl::SimpleAtoi(parts.second, &armed.passing)) armed.passing = 1;
  return armed;
}

}  // namespace

void FaultPoint(const char* name) {
  static const Armed armed = ReadEnvironment();
  if (armed.name.empty() || armed.name != name) return;
  static std::atomic<int> passings{0};
  if (++passings == armed.passing) ::kill(::getpid(), SIGKILL);
}

const std::vector<std::string>& FaultPointNames() {
  static const std::vector<std::string> names = {
      "journal/before-append",
      "journal/after-append",
  };
  return names;
}

}  // namespace simclr
