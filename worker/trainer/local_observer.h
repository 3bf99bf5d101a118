#pragma once

#include <deque>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "engine/train/train_observer.h"
#include "worker/trainer/stop_signals.h"

namespace simclr::trainer {

// Progress of a local run as lines on standard error, at most one a second; keeps the newest checkpoints.
// Used by one thread, but for OnWarning.
class LocalObserver : public engine::TrainObserver {
 public:
  // `kept` are the checkpoints that lie there already, oldest first; of all, the newest `keep` stay.
  LocalObserver(std::string job, int keep, std::deque<std::string> kept, const StopSignals& stop);

  void OnStarted(std::int64_t resumed_from_step, std::int64_t total_steps,
                 const std::string& precision) override;
  void OnStep(const engine::StepReport& report) override;
  void OnCheckpoint(const engine::CheckpointReport& report) override;
  std::vector<std::string> TakeRetired() override;
  void OnWarning(const std::string& text) override;
  bool DrainRequested() override { return stop_.Received(); }

 private:
  const std::string job_;
  const std::size_t keep_;
  std::deque<std::string> kept_;
  const StopSignals& stop_;
  absl::Duration last_line_ = -absl::InfiniteDuration();
};

}  // namespace simclr::trainer
