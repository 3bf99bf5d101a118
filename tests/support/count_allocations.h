#pragma once

#include <cstdint>

namespace simclr {

// How often the calling thread has called operator new so far. Counts in programs that link
// count_allocations.cc.
std::int64_t AllocationsOfThisThread();

}  // namespace simclr
