#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/agent/base/trainer_handle.h"

namespace simclr::agent {

struct TrainerProcessOptions {
  std::string program;                   // simclr-trainer
  std::string socket;                    // unix:PATH of the agent's TrainerService
  std::vector<std::string> environment;  // NAME=value; passed through but for what the slot decides
};

// Starts simclr-trainer processes that die with the thread that calls Launch: the parent-death signal follows
// the thread that forked.
class TrainerProcessLauncher : public TrainerLauncher {
 public:
  explicit TrainerProcessLauncher(TrainerProcessOptions options) : options_(std::move(options)) {}

  absl::StatusOr<std::unique_ptr<TrainerHandle>> Launch(const LaunchRequest& request) override;

 private:
  const TrainerProcessOptions options_;
};

// The environment of a trainer: a GPU slot shows its GPU alone, a CPU slot none, and both bound the threads.
// Pure.
std::vector<std::string> TrainerEnvironment(const std::vector<std::string>& base, const v1::Slot& slot,
                                            int threads);

}  // namespace simclr::agent
