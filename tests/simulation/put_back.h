#pragma once

#include <string>
#include <vector>

namespace simclr::simulation {

// Faults that the coordinator once had, and some that its collector must never have. Copies of its sources
// that have them (put_back.py) are compiled into the simulation alone, and do as the sources do until one is
// put back.
enum class PutBack { kNone, kF1, kF4, kF7, kF17, kF18, kCollectsUnknown, kCollectsTooEarly, kDeletesNeeded };

// For the whole process. False: there is no fault of that name.
bool PutFaultBack(const std::string& name);
std::vector<std::string> PutBackNames();

// Asked by the copies.
bool IsPutBack(PutBack fault);

}  // namespace simclr::simulation
