#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "simclr/v1/trainer_service.pb.h"
#include "simclr/v1/worker_service.pb.h"

// What may enter the agent: after CheckMessage, whose bounds look at one field at a time, these look at how
// the fields of one message fit together. All are pure and answer INVALID_ARGUMENT (RefusalReason: "context")
// with field and value, so that fuzzers may call them alone. The spool is not checked but mended; see
// common/edge/mend_message.h.
namespace simclr::agent {

// Orders of the coordinator: no rank (job, attempt, rank) is wanted twice; each is below its world size, and
// resumes only from below the checkpoints of its own job.
absl::Status CheckDesired(const v1::Desired& desired);

// A report of the trainer that said hello as (job, attempt): a checkpoint is its own and lies below its job's
// checkpoints, a histogram has a count for each of its ascending bounds and one more.
absl::Status CheckTrainerReport(const v1::TrainerReport& report, absl::string_view job_id, int attempt);

}  // namespace simclr::agent
