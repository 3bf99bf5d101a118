#include "engine/optim/lr_schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace simclr::engine {

double ScaledLr(double lr, LrScaling scaling, int global_batch) {
  switch (scaling) {
    case LrScaling::kLinear:
      return lr * global_batch / 256;
    case LrScaling::kSqrt:
      return lr * std::sqrt(global_batch);
    case LrScaling::kNone:
      break;
  }
  return lr;
}

std::int64_t WarmupSteps(double warmup_epochs, std::int64_t n, int global_batch) {
  // The floor of the exact quotient, as Python's // has it: plain division might round up to the next
  // integer.
  const double images = warmup_epochs * static_cast<double>(n);
  const double whole = (images - std::fmod(images, global_batch)) / global_batch;
  return static_cast<std::int64_t>(std::nearbyint(whole));
}

double LrSchedule::At(std::int64_t step) const {
  if (step < warmup_steps) return peak * static_cast<double>(step) / static_cast<double>(warmup_steps);
  const std::int64_t decay_steps = total_steps - warmup_steps;
  if (kind == LrScheduleKind::kConstant || decay_steps <= 0) return peak;
  const double progress = static_cast<double>(std::min(step - warmup_steps, decay_steps)) / decay_steps;
  return peak * (1 + std::cos(std::numbers::pi * progress)) / 2;
}

}  // namespace simclr::engine
