#include "tests/simulation/put_back.h"

#include <map>

namespace simclr::simulation {
namespace {

PutBack current = PutBack::kNone;

const std::map<std::string, PutBack>& Names() {
  static const std::map<std::string, PutBack> names = {{"F1", PutBack::kF1},
                                                       {"F4", PutBack::kF4},
                                                       {"F7", PutBack::kF7},
                                                       {"F17", PutBack::kF17},
                                                       {"F18", PutBack::kF18},
                                                       {"CollectsUnknown", PutBack::kCollectsUnknown},
                                                       {"CollectsTooEarly", PutBack::kCollectsTooEarly},
                                                       {"DeletesNeeded", PutBack::kDeletesNeeded}};
  return names;
}

}  // namespace

bool PutFaultBack(const std::string& name) {
  const auto found = Names().find(name);
  if (found == Names().end()) return false;
  current = found->second;
  return true;
}

std::vector<std::string> PutBackNames() {
  std::vector<std::string> names;
  for (const auto& [name, fault] : Names()) names.push_back(name);
  return names;
}

bool IsPutBack(PutBack fault) {
  return current == fault;
}

}  // namespace simclr::simulation
