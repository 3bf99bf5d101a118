#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "worker/agent/base/trainer_handle.h"

namespace simclr::agent {

// What a fake trainer was told and how it ended; shared by the handle that the agent owns and the test.
class FakeTrainer {
 public:
  explicit FakeTrainer(LaunchRequest request, pid_t pid) : request(std::move(request)), pid(pid) {}

  void Finish(const ProcessExit& exit) {
    absl::MutexLock lock(&mutex_);
    if (!exit_.has_value()) exit_ = exit;
  }
  // Ends at a signal as a process does by default, unless it ignores all but SIGKILL, or waits in the kernel.
  void Receive(int signal) {
    absl::MutexLock lock(&mutex_);
    if (exit_.has_value()) return;
    signals_.push_back(signal);
    if (wait_channel_.empty() && (signal == 9 || !ignores_signals_)) exit_ = ProcessExit{-1, signal};
  }
  void WaitIn(const std::string& channel) {
    absl::MutexLock lock(&mutex_);
    wait_channel_ = channel;
  }
  std::string wait_channel() const {
    absl::MutexLock lock(&mutex_);
    return wait_channel_;
  }
  void IgnoreSignals() {
    absl::MutexLock lock(&mutex_);
    ignores_signals_ = true;
  }
  std::vector<int> signals() const {
    absl::MutexLock lock(&mutex_);
    return signals_;
  }
  std::optional<ProcessExit> exit() const {
    absl::MutexLock lock(&mutex_);
    return exit_;
  }

  const LaunchRequest request;
  const pid_t pid;

 private:
  mutable absl::Mutex mutex_;
  bool ignores_signals_ ABSL_GUARDED_BY(mutex_) = false;
  std::string wait_channel_ ABSL_GUARDED_BY(mutex_);
  std::vector<int> signals_ ABSL_GUARDED_BY(mutex_);
  std::optional<ProcessExit> exit_ ABSL_GUARDED_BY(mutex_);
};

// Starts fake trainers and keeps all of them for the test. Not thread-safe.
class FakeTrainerLauncher : public TrainerLauncher {
 public:
  absl::StatusOr<std::unique_ptr<TrainerHandle>> Launch(const LaunchRequest& request) override {
    if (!failure.ok()) return failure;
    auto trainer = std::make_shared<FakeTrainer>(request, next_pid_++);
    trainers.push_back(trainer);
    return std::make_unique<Handle>(std::move(trainer));
  }

  absl::Status failure;                                // of the next launches
  std::vector<std::shared_ptr<FakeTrainer>> trainers;  // in the order of their start

 private:
  class Handle : public TrainerHandle {
   public:
    explicit Handle(std::shared_ptr<FakeTrainer> trainer) : trainer_(std::move(trainer)) {}
    ~Handle() override { trainer_->Receive(9); }

    pid_t pid() const override { return trainer_->pid; }
    void Signal(int signal) override { trainer_->Receive(signal); }
    std::optional<ProcessExit> Poll() override { return trainer_->exit(); }
    std::string WaitChannel() const override { return trainer_->wait_channel(); }

   private:
    const std::shared_ptr<FakeTrainer> trainer_;
  };

  pid_t next_pid_ = 1000;
};

// Keeps the orders by rank. Not thread-safe.
class FakeTrainerLink : public TrainerLink {
 public:
  void Send(const RankKey& key, const v1::TrainerOrder& order) override { orders[key].push_back(order); }

  std::map<RankKey, std::vector<v1::TrainerOrder>> orders;
};

}  // namespace simclr::agent
