#pragma once

#include <string>

namespace simclr {

// The section of docs/limits.md on the bounds of messages: the kinds, then every field of the network's
// messages that has a bound.
std::string BoundsReference();

}  // namespace simclr
