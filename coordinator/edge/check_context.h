#pragma once

#include "absl/status/status.h"
#include "simclr/v1/worker_service.pb.h"

// What may enter the coordinator: after CheckMessage, whose bounds look at one field at a time, these look at
// how the fields of one message fit together. What needs a job's record (a rank below the world size, a live
// attempt) is not known here; the core checks it. All are pure and answer INVALID_ARGUMENT (RefusalReason:
// "context") with field and value, so that fuzzers may call them alone.
//
// Stored data does not come through here; see common/edge/mend_message.h.
namespace simclr::coordinator {

// n slots have the indices 0 to n - 1, each once, and are CPU or CUDA; no rank (job, attempt, nonce, rank) is
// there twice, and each names its job.
absl::Status CheckObserved(const v1::Observed& observed);

// It names its job, and what ended the rank fits how its process ended: one that succeeded exited with 0, one
// that a signal ended has no exit code.
absl::Status CheckExit(const v1::ReportExitRequest& request);

// It names its job and an attempt; the path is one below the job's checkpoints.
absl::Status CheckCommit(const v1::CommitCheckpointRequest& request);

// It names its job; each sample has a step, and is of this attempt or of none.
absl::Status CheckMetrics(const v1::PushMetricsRequest& request);

// Which of them is asked of a request; nothing of the other types.
template <typename Request>
absl::Status CheckContext(const Request&) {
  return absl::OkStatus();
}
inline absl::Status CheckContext(const v1::Observed& observed) {
  return CheckObserved(observed);
}
inline absl::Status CheckContext(const v1::ReportExitRequest& request) {
  return CheckExit(request);
}
inline absl::Status CheckContext(const v1::CommitCheckpointRequest& request) {
  return CheckCommit(request);
}
inline absl::Status CheckContext(const v1::PushMetricsRequest& request) {
  return CheckMetrics(request);
}

}  // namespace simclr::coordinator
