#pragma once

#include <optional>

#include "absl/time/time.h"
#include "coordinator/policy/attempt_view.h"

namespace simclr::coordinator {

struct JudgeOptions {
  // How long to wait, after a rank that lost its peers, for the rank that is the cause.
  absl::Duration root_cause_wait = absl::Seconds(5);
  // Between a rank's disappearance from its worker and the report of its end.
  absl::Duration report_limit = absl::Seconds(30);
  // From a user's cancellation until the job ends, though a trainer outlives every signal (its slot is held
  // until it has gone).
  absl::Duration stop_limit = absl::Seconds(60);
};

// Whether the attempt is over, and by what: success when rank 0 succeeded and no rank still runs; otherwise
// the first rank that ended by its own fault, or that hangs (hang_judge.h). A rank that lost its peers, or
// drained, is no cause while another may turn up. nullopt: it goes on. Pure.
std::optional<Judgement> JudgeAttempt(const JudgeOptions& options, const AttemptView& attempt);

}  // namespace simclr::coordinator
