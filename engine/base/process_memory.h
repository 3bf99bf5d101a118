#pragma once

#include <cstdint>

namespace simclr::engine {

// Resident memory of this process in bytes; 0 where the kernel does not tell. Three system calls, no
// allocation, so that a step can afford it. Thread-safe.
std::int64_t ResidentBytes();

}  // namespace simclr::engine
