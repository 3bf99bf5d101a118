#pragma once

#include "common/metrics/scrape.h"
#include "worker/agent/control/trainer_figures.h"

namespace simclr::agent {

// Adds the series of trainers and their jobs. Pure.
void CollectTrainers(const TrainerFigures& figures, Scrape& scrape);

// What `phase` of simclr_train_phase_seconds_total and `stage` of simclr_loader_busy_seconds_total can be.
std::vector<std::string> StepPhases();
std::vector<std::string> LoaderStages();

}  // namespace simclr::agent
