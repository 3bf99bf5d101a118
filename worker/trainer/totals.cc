#include "worker/trainer/totals.h"

#include <algorithm>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace simclr::trainer {
namespace {

using engine::Measure;

// Only one thread writes, so that no atomic read-modify-write is needed.
template <typename Number>
void Increase(std::atomic<Number>& total, Number by) {
  total.store(total.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

}  // namespace

void DurationHistogram::Add(double seconds) {
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), seconds) - bounds_.begin();
  Increase(counts_[static_cast<std::size_t>(bucket)], std::int64_t{1});
  Increase(sum_, seconds);
}

v1::Histogram DurationHistogram::Read() const {
  v1::Histogram histogram;
  histogram.mutable_bounds()->Assign(bounds_.begin(), bounds_.end());
  for (const std::atomic<std::int64_t>& count : counts_) histogram.add_counts(count);
  histogram.set_sum(sum_);
  return histogram;
}

void Totals::AddStep(const engine::StepReport& step) {
  const engine::Measurements& values = step.values;
  Increase(steps_, std::int64_t{1});
  Increase(images_, images_per_step_.load(std::memory_order_relaxed));
  Increase(bad_images_, std::int64_t{step.bad_images});
  if (values.Has(Measure::kSecondsStep)) step_seconds_.Add(values[Measure::kSecondsStep]);
  values.ForEach(
      [this](Measure measure, double value) { Increase(sums_[static_cast<std::size_t>(measure)], value); });
}

void Totals::AddCheckpoint(absl::Duration write_time) {
  checkpoint_seconds_.Add(absl::ToDoubleSeconds(write_time));
}

v1::TrainerTotals Totals::Read() const {
  v1::TrainerTotals totals;
  totals.set_steps(steps_);
  totals.set_images(images_);
  totals.set_bad_images(bad_images_);
  for (std::size_t i = 0; i < engine::kMeasures; ++i) {
    absl::string_view name = engine::MeasureName(static_cast<Measure>(i));
    if (absl::ConsumePrefix(&name, "seconds/")) (*totals.mutable_seconds())[std::string(name)] = sums_[i];
  }
  *totals.mutable_step_seconds() = step_seconds_.Read();
  *totals.mutable_checkpoint_seconds() = checkpoint_seconds_.Read();
  return totals;
}

}  // namespace simclr::trainer
