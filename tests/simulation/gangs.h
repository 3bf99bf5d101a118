#pragma once

#include <memory>
#include <vector>

#include "tests/simulation/model_agent.h"

namespace simclr::simulation {

// A second of the training of all gangs, wherever their ranks live: they meet, make steps together, save,
// fail, freeze, and lose their peers. The trainers' own network is never cut.
void Train(std::vector<std::unique_ptr<ModelAgent>>& agents, const Surroundings& world, bool calm);

}  // namespace simclr::simulation
