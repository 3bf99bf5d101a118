#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/job_filter_options.h"
#include "cli/output.h"

namespace simclr::cli {

struct GetJobsOptions {
  std::string name;  // empty: the list
  JobFilterOptions filter;
  std::int64_t limit = 0;  // of the list; 0: none
  bool newest_first = false;
  bool watch = false;
};

// The part of `get` that is about jobs. A list is printed page by page, as it is read. Returns the exit code.
absl::StatusOr<int> GetJobs(Client& client, const CommandContext& context, OutputFormat format,
                            const GetJobsOptions& options);

}  // namespace simclr::cli
