#pragma once

#include "common/base/subprocess.h"
#include "simclr/v1/job.pb.h"

namespace simclr::agent {

enum class KilledFor { kNothing, kUnwanted, kHang, kGraceOver, kOtherBuild };

// The failure class of an ended trainer from why the agent killed it, if it did, and how the process ended.
// Pure.
v1::FailureClass ClassifyExit(KilledFor killed, const ProcessExit& exit);

}  // namespace simclr::agent
