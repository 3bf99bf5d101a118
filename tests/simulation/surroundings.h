#pragma once

#include "tests/simulation/artifacts.h"
#include "tests/simulation/network.h"
#include "tests/simulation/server.h"

namespace simclr::simulation {

// What a simulated machine shares with the others.
struct Surroundings {
  FakeClock& clock;
  Dice& dice;
  Tally& tally;
  Network& network;
  Server& server;
  Checks& checks;
  Artifacts& artifacts;
};

}  // namespace simclr::simulation
