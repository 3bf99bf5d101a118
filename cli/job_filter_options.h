#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "simclr/v1/job_service.pb.h"

namespace simclr::cli {

// Which jobs a command means: options that several commands have.
struct JobFilterOptions {
  std::vector<std::string> phases;
  std::vector<std::string> kinds;
  std::string name_prefix;
  std::string owner;
  bool mine = false;
  std::vector<std::string> labels;  // "key=value"
  std::string since;
  std::string until;

  bool empty() const;
};

// `options` lives as long as `command`.
void AddJobFilters(CLI::App& command, JobFilterOptions& options);

// A usage error for a label or time that cannot be.
absl::StatusOr<v1::ListJobsRequest> ToRequest(const JobFilterOptions& options, absl::Time now);

}  // namespace simclr::cli
