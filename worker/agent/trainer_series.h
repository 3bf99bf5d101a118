#pragma once

#include "common/metrics/scrape.h"
#include "worker/agent/trainer_figures.h"

namespace simclr::agent {

// Adds the series of trainers and their jobs. Pure.
void CollectTrainers(const TrainerFigures& figures, Scrape& scrape);

}  // namespace simclr::agent
