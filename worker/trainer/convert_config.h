#pragma once

#include "engine/config/job_config.h"
#include "simclr/v1/job.pb.h"

namespace simclr::trainer {

// What the engine needs of a job whose defaults are filled in (WithDefaults) and whose values are valid
// (ValidateSpec). Pure.
engine::JobConfig ToJobConfig(const v1::JobSpec& spec);

}  // namespace simclr::trainer
