#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "simclr/v1/job.pb.h"

namespace simclr::cli {

// The exit codes of simclrctl; scripts rely on them.
enum ExitCode : int {
  kOk = 0,
  kError = 1,
  kUsage = 2,
  kNotFound = 3,
  kNotPermitted = 4,
  kUnreachable = 5,
  kConflict = 6,
  kValidation = 7,
  // Of --wait, --follow, wait and logs -f: how the job is.
  kJobFailed = 100,
  kNotFinished = 101,
  kJobCancelled = 103,
};

// OK is 0; INVALID_ARGUMENT 7, but 2 where it was made by UsageError; UNAVAILABLE and DEADLINE_EXCEEDED 5;
// ABORTED 6. // Not found, not permitted and conflict are what an answer says (AsAnswer); a file that is
// missing or must not be read has such codes too and is an error like any other: 1. Pure.
int ExitCodeOf(const absl::Status& status);

// Marks a status as an answer: of the coordinator, or of simclrctl about the thing that was asked for.
absl::Status AsAnswer(absl::Status status);

// A mistake in the command line rather than in a job.
absl::Status UsageError(absl::string_view message);

// 0, 100 or 103 for an ended job, 101 for any other phase. Pure.
int ExitCodeOf(v1::Phase phase);

}  // namespace simclr::cli
