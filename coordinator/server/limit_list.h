#pragma once

#include <string>
#include <vector>

#include "common/base/limit.h"

namespace simclr::coordinator {

// Every limit and every timer of the service that is no bound of a message's field, with the values that the
// code has.
std::vector<Limit> Limits();
std::vector<Limit> Timers();

// The coordinator's part of docs/limits.md: both, and the bounds of messages.
std::string LimitsReference();

}  // namespace simclr::coordinator
