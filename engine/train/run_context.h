#pragma once

#include "common/storage/artifact_store.h"
#include "engine/config/job_config.h"
#include "engine/train/run.h"
#include "engine/train/world.h"

namespace simclr::engine {

// What every part of a run needs; borrowed for the run's time.
struct RunContext {
  const JobConfig& config;
  const RunOptions& options;
  TrainObserver& observer;
  World& world;
  ArtifactStore& store;
};

}  // namespace simclr::engine
