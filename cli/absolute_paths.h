#pragma once

#include <string>

#include "simclr/v1/job.pb.h"

namespace simclr::cli {

// `spec` with the relative paths of data.source, data.test and model.init taken from `directory`: whoever
// runs the job has another one. Pure.
v1::JobSpec WithAbsolutePaths(v1::JobSpec spec, const std::string& directory);

}  // namespace simclr::cli
