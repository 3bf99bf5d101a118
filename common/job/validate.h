#pragma once

#include "absl/status/status.h"
#include "simclr/v1/job.pb.h"

namespace simclr {

// Checks the values of one job with its defaults filled in (WithDefaults), without looking at files, other
// jobs or the cluster. INVALID_ARGUMENT: one line a problem, each with field, value and what to do. Pure.
absl::Status ValidateSpec(const v1::JobSpec& spec);

}  // namespace simclr
