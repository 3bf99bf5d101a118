#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/train/run.h"

namespace simclr::engine {

// Pre-training that takes a moment: 64 synthetic images of 16 pixels, batch 16, so 4 steps an epoch, in fp64.
JobConfig TinyJob(int epochs);
JobConfig TinyLinearEval();
RunOptions TinyOptions(const std::string& root, const std::string& job_directory = "j-1");

// Remembers what it is told, and does what a test wants after a step.
class RecordingObserver : public TrainObserver {
 public:
  void OnStarted(std::int64_t resumed_from_step, std::int64_t, const std::string&) override {
    resumed_from_step_ = resumed_from_step;
  }
  void OnStep(const StepReport& report) override {
    const bool training = report.values.Has(Measure::kLoss);
    losses[report.step] = report.values[training ? Measure::kLoss : Measure::kEvalLoss];
    reports.push_back(report);
    if (after_step) after_step(report.step);
  }
  void OnCheckpoint(const CheckpointReport& report) override { checkpoints.push_back(report); }
  void OnWarning(const std::string& text) override { warnings.push_back(text); }
  bool DrainRequested() override {
    return drain_in_step >= 0 && static_cast<int>(losses.size()) + 1 >= drain_in_step;
  }
  std::vector<std::string> TakeRetired() override { return std::exchange(retired, {}); }

  // The checkpoints to resume from, newest first.
  std::vector<CheckpointRef> Resume() const;
  std::int64_t resumed_from_step() const { return resumed_from_step_; }

  std::map<std::int64_t, double> losses;  // by step, of whichever kind of job
  std::vector<StepReport> reports;
  std::vector<CheckpointReport> checkpoints;
  std::vector<std::string> warnings;
  std::vector<std::string> retired;
  std::function<void(std::int64_t step)> after_step;
  int drain_in_step = -1;  // counted in this run, from 1

 private:
  std::int64_t resumed_from_step_ = -1;
};

// SHA-256 of a checkpoint's weights, momentum and position files, by name.
std::map<std::string, std::string> Checksums(const std::string& root, const std::string& checkpoint);

}  // namespace simclr::engine
