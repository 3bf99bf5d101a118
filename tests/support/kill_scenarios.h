#pragma once

#include <string>

#include "absl/time/time.h"
#include "tests/support/local_cluster.h"

namespace simclr {

// A job of two ranks that is long enough to be disturbed.
struct DisturbedJob {
  std::string file;  // YAML
  int total_steps = 0;
  absl::Duration limit = absl::Seconds(120);  // for all of it
};

// kill -9 by pid between two checkpoints, with real processes. Each expects a fresh cluster that is not up
// yet and asserts attempt, resume step, final step count, and that no process is left behind.
void KilledTrainerIsReplaced(LocalClusterUnderTest& cluster, const DisturbedJob& job);
void KilledAgentIsReplaced(LocalClusterUnderTest& cluster, const DisturbedJob& job);
void KilledCoordinatorIsNotMissed(LocalClusterUnderTest& cluster, const DisturbedJob& job);
void JobEndsWhileTheCoordinatorIsAway(LocalClusterUnderTest& cluster, const DisturbedJob& job);

}  // namespace simclr
