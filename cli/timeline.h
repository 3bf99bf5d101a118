#pragma once

#include <string>

#include "absl/time/time.h"
#include "simclr/v1/job_service.pb.h"
#include "simclr/v1/timeline.pb.h"

namespace simclr::cli {

// What happened to `job` until `now`, with the time spent on each part; what still lasts counts up to `now`.
// Pure.
v1::Timeline TimelineOf(const v1::Job& job, const v1::ListCheckpointsResponse& checkpoints, absl::Time now);

// The table of `describe`, with one line for a run of checkpoints, and the totals below it. Pure but for the
// time zone.
std::string TimelineText(const v1::Timeline& timeline);

}  // namespace simclr::cli
