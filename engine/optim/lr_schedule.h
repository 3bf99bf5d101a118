#pragma once

#include <cstdint>

#include "engine/config/job_config.h"

namespace simclr::engine {

// base lr x global_batch / 256 (linear), x sqrt(global_batch) (sqrt), or as written (none).
double ScaledLr(double lr, LrScaling scaling, int global_batch);

// round(warmup_epochs * n // global_batch), half to even, as the official code counts.
std::int64_t WarmupSteps(double warmup_epochs, std::int64_t n, int global_batch);

// Linear from 0 at step 0 to `peak` at warmup_steps, then cosine to 0 at total_steps (or constant). Warm-up
// may be longer than the run. Pure.
struct LrSchedule {
  LrScheduleKind kind = LrScheduleKind::kCosine;
  double peak = 0;
  std::int64_t warmup_steps = 0;
  std::int64_t total_steps = 1;

  double At(std::int64_t step) const;
};

}  // namespace simclr::engine
