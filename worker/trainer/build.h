#pragma once

#include <string>

namespace simclr::trainer {

// What all ranks of an attempt must have in common: release, revision, LibTorch and what collectives are made
// of, in one line. Agents ask for it with --build.
std::string Build();

}  // namespace simclr::trainer
