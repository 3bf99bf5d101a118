#pragma once

#include <string>

namespace simclr {

// What is used up and which limit to raise, where `error` (an errno) says that the process or its node can
// have no more threads, processes or open files; "" for any other error. Pure.
std::string UsedUp(int error);

}  // namespace simclr
