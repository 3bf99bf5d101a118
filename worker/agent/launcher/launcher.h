#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/bounded_queue.h"
#include "common/base/clock.h"
#include "worker/agent/base/call_watch.h"
#include "worker/agent/base/memory_cgroup.h"
#include "worker/agent/base/part.h"
#include "worker/agent/base/trainer_handle.h"

namespace simclr::agent {

inline constexpr std::size_t kMaxWaitingLaunches = 1024;

struct Launched {
  RankKey key;
  absl::StatusOr<std::unique_ptr<TrainerHandle>> process;
  std::optional<MemoryCgroup> memory;  // as it was before the start
};

// The part that forks. Its thread lives as long as the agent: trainers get their parent-death signal from it.
// May block on the disk that the trainer's program lies on. Thread-safe but for RunOnce.
class Launcher : public Part {
 public:
  // `launched` is called on the part's thread. What is passed by reference outlives it.
  Launcher(TrainerLauncher& trainers, MemoryCgroupPaths memory, const Clock& clock,
           std::function<void(Launched)> launched)
      : trainers_(trainers),
        memory_(std::move(memory)),
        launched_(std::move(launched)),
        waiting_(kMaxWaitingLaunches),
        calls_(clock) {}

  // False: too many wait.
  bool Launch(LaunchRequest request) {
    const bool queued = waiting_.TryPush(std::move(request));
    wake().Raise();
    return queued;
  }

  absl::Duration RunOnce(absl::Duration now) override;
  const CallWatch& calls() const { return calls_; }

 private:
  TrainerLauncher& trainers_;
  const MemoryCgroupPaths memory_;
  const std::function<void(Launched)> launched_;
  BoundedQueue<LaunchRequest> waiting_;
  CallWatch calls_;
};

}  // namespace simclr::agent
