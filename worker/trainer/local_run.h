#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/train/run.h"
#include "worker/trainer/stop_signals.h"

namespace simclr::trainer {

struct LocalRunOptions {
  std::string job_file;
  std::string out;                // artifacts of a job lie in <out>/<job name>
  std::vector<std::string> sets;  // --set, as ParseJobFile takes them
  int threads = 1;
};

// Runs all jobs of a file in order in this process, without any service: resources.ranks is taken as 1. A job
// whose checkpoints lie in <out> goes on after the newest. Progress and warnings go to standard error,
// results to standard output as lines "<job> <name> <value>". Ends with the first job that does not succeed.
// SIGINT and SIGTERM save and stop.
engine::RunEnd RunLocally(const LocalRunOptions& options, const StopSignals& stop);

}  // namespace simclr::trainer
