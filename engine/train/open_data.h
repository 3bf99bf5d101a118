#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/config/job_config.h"
#include "engine/data/dataset.h"
#include "engine/train/run.h"

namespace simclr::engine {

// Whether `path`, with links and dots resolved, lies under one of `roots`; every path does where there are
// none. PERMISSION_DENIED names the path and the roots.
absl::Status CheckUnderRoots(const std::string& path, const std::vector<std::string>& roots);

// The images of a job, each split behind its cache. Every failure has class kDataError. Images that cannot be
// decoded are told to the observer.
absl::StatusOr<Splits> OpenJobData(const DataConfig& data, std::uint64_t seed, const RunOptions& options,
                                   TrainObserver& observer);

}  // namespace simclr::engine
