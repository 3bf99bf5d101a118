#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "cli/client.h"
#include "cli/command.h"

namespace simclr::cli {

// Shows a job's progress on context.err until it ends, over restarts of the job and of the coordinator;
// returns the ended job.
absl::StatusOr<v1::Job> FollowJob(Client& client, const CommandContext& context, const std::string& job);

// One line for people: how the job ended, and its results.
std::string EndText(const v1::Job& job);

}  // namespace simclr::cli
