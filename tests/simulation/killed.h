#pragma once

namespace simclr::simulation {

// Thrown where the coordinator's process is gone, in the middle of what it did.
struct Killed {};

}  // namespace simclr::simulation
