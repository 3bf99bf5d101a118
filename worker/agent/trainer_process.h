#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/bounded_queue.h"
#include "worker/agent/trainer_handle.h"

namespace simclr::agent {

struct TrainerProcessOptions {
  std::string program;                   // simclr-trainer
  std::string socket;                    // unix:PATH of the agent's TrainerService
  std::vector<std::string> environment;  // NAME=value; passed through but for what the slot decides
};

// Starts simclr-trainer processes that die with the agent: the parent-death signal follows the thread that
// forked, so all of them are forked by one thread that lives as long as the launcher. Thread-safe.
class TrainerProcessLauncher : public TrainerLauncher {
 public:
  explicit TrainerProcessLauncher(TrainerProcessOptions options);
  // Handles may outlive the launcher, but their processes do not.
  ~TrainerProcessLauncher() override;

  absl::StatusOr<std::unique_ptr<TrainerHandle>> Launch(const LaunchRequest& request) override;

 private:
  const TrainerProcessOptions options_;
  BoundedQueue<std::function<void()>> spawns_;
  std::jthread spawner_;
};

// The environment of a trainer: a GPU slot shows its GPU alone, a CPU slot none, and both bound the threads.
// Pure.
std::vector<std::string> TrainerEnvironment(const std::vector<std::string>& base, const v1::Slot& slot,
                                            int threads);

// Kills what an earlier agent left running, keeps the logs with their jobs' artifacts and removes the
// directories. `directory` holds one folder a rank, named as in "JOB-a1-1f2e3d4c-r0".
absl::Status RemoveLeftovers(const std::string& directory, const std::string& artifact_root,
                             std::int64_t max_log_bytes);

}  // namespace simclr::agent
