#pragma once

#include <string>

#include "absl/time/time.h"
#include "simclr/v1/event.pb.h"

namespace simclr::coordinator {

struct RestartOptions {
  absl::Duration initial_backoff = absl::Seconds(5);
  absl::Duration max_backoff = absl::Seconds(300);
  // An attempt that ran for so long and committed a checkpoint starts the backoff anew.
  absl::Duration backoff_reset = absl::Minutes(10);
  // So many attempts in a row without a new checkpoint end the job, whatever their class.
  int fruitless_limit = 3;
  // A job that stopped because the disk was full is tried again after this.
  absl::Duration storage_retry = absl::Minutes(5);
};

// How an attempt ended, and what came before.
struct AttemptEnd {
  v1::FailureClass failure = v1::FAILURE_CLASS_UNSPECIFIED;
  std::string message;              // the culprit's last word
  bool committed = false;           // a checkpoint, during this attempt
  bool jobs_fault = false;          // it failed alike in another slot before
  absl::Duration ran;               // since it was RUNNING
  std::int64_t last_good_step = 0;  // of the newest checkpoint; 0: none
  int restarts = 0;                 // counted so far
  int max_restarts = 0;
  int failures_in_row = 0;
  int fruitless_attempts = 0;
};

struct Verdict {
  v1::Phase phase = v1::PHASE_FAILED;  // SUCCEEDED, QUEUED, PAUSED, FAILED or CANCELLED
  v1::Reason reason = v1::REASON_UNSPECIFIED;
  std::string message;
  bool counted = false;     // against max_restarts
  absl::Duration wait;      // before the next attempt
  int failures_in_row = 0;  // new values
  int fruitless_attempts = 0;
};

// What becomes of the job. User errors (configuration, data, out of memory, non-finite loss) fail it at once;
// a crash uses up one restart, and so does a hang or an error of the hardware that followed the job to
// another slot; what is not the job's fault does not. Pure.
Verdict DecideAfterAttempt(const RestartOptions& options, const AttemptEnd& end);

}  // namespace simclr::coordinator
