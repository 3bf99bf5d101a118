#pragma once

#include <vector>

#include "common/base/limit.h"

namespace simclr::coordinator {

// What the ports take: gRPC's of the coordinator, HTTP's of coordinator and agents alike.
std::vector<Limit> ConnectionLimits();

}  // namespace simclr::coordinator
