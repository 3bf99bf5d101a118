#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "engine/train/measure.h"
#include "engine/train/train_observer.h"
#include "simclr/v1/trainer_service.pb.h"

namespace simclr::trainer {

// Upper bounds in seconds. The agent shows histograms with the bounds of its metrics only, so these are the
// ladders "step" and "checkpoint" of common/metrics/buckets.h, which links what a trainer must not (a test
// compares them).
inline constexpr double kStepBounds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
inline constexpr double kCheckpointBounds[] = {0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600};

// Counts durations by bucket. One thread adds, without lock or allocation; any thread reads.
class DurationHistogram {
 public:
  // `bounds` ascend and outlive the histogram.
  explicit DurationHistogram(absl::Span<const double> bounds) : bounds_(bounds), counts_(bounds.size() + 1) {}

  void Add(double seconds);
  v1::Histogram Read() const;

 private:
  const absl::Span<const double> bounds_;
  std::vector<std::atomic<std::int64_t>> counts_;
  std::atomic<double> sum_ = 0;
};

// What this process did since its start. One thread adds, without lock or allocation; any thread reads, and
// may find a step counted in one number and not yet in another.
class Totals {
 public:
  // Images of this rank in each step from now on; 0 at first.
  void SetImagesPerStep(std::int64_t images) { images_per_step_ = images; }
  void AddStep(const engine::StepReport& step);
  void AddCheckpoint(absl::Duration write_time);

  v1::TrainerTotals Read() const;

 private:
  std::atomic<std::int64_t> images_per_step_ = 0;
  std::atomic<std::int64_t> steps_ = 0;
  std::atomic<std::int64_t> images_ = 0;
  std::atomic<std::int64_t> bad_images_ = 0;
  std::array<std::atomic<double>, engine::kMeasures> sums_{};  // of those that are seconds
  DurationHistogram step_seconds_{kStepBounds};
  DurationHistogram checkpoint_seconds_{kCheckpointBounds};
};

}  // namespace simclr::trainer
