#pragma once

#include <string>
#include <vector>

namespace simclr {

// A place where a test may end this process as if by kill -9: SIMCLR_FAULT_POINT=NAME at the NAME's first
// passing, SIMCLR_FAULT_POINT=NAME@3 at its third. Without that variable in the environment it costs one
// comparison. Thread-safe.
void FaultPoint(const char* name);

// Every name that FaultPoint is called with, so that a test can try them all.
const std::vector<std::string>& FaultPointNames();

}  // namespace simclr
