#pragma once

#include <string>

namespace simclr::agent {

// The agent's part of docs/limits.md: its limits and timers, with the values that the code has.
std::string LimitsReference();

}  // namespace simclr::agent
