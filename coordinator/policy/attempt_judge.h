#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "simclr/v1/event.pb.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr::coordinator {

struct JudgeOptions {
  // How long to wait, after a rank that lost its peers, for the rank that is the cause.
  absl::Duration root_cause_wait = absl::Seconds(5);
  // How long after the first drained rank the others may go on saving.
  absl::Duration drain_wait = absl::Seconds(120);
  // Between a rank's disappearance from its worker and the report of its end.
  absl::Duration report_limit = absl::Seconds(30);
  // From the order to stop until the attempt ends without those that are still there.
  absl::Duration stop_limit = absl::Seconds(60);
  // From placement until all ranks have met.
  absl::Duration start_limit = absl::Minutes(10);
  // No word from a trainer whose agent is alive: frozen.
  absl::Duration frozen_limit = absl::Seconds(60);
  // Without a step or a change of activity, by activity. In a collective only when every rank is in it.
  absl::Duration collective_limit = absl::Seconds(60);
  absl::Duration step_limit = absl::Minutes(5);
  absl::Duration checkpoint_limit = absl::Minutes(5);
  absl::Duration eval_limit = absl::Minutes(30);
};

// What is known of one rank of a live attempt.
struct RankView {
  int rank = 0;
  const v1::ExitRecord* exit = nullptr;                 // reported
  std::shared_ptr<const v1::ObservedRank> observed;     // in its worker's last Observed; null: not there
  v1::WorkerState worker = v1::WORKER_STATE_CONNECTED;  // LOST also where the worker restarted
  std::string worker_name;
  absl::Duration absent;   // how long its worker, asked after it ran, has not had it; zero: it is there
  bool stop_seen = false;  // its worker reported after the order to stop
};

struct AttemptView {
  bool stopping = false;
  bool starting = false;
  absl::Duration since_stopping;
  absl::Duration since_placed;
  absl::Duration since_first_exit;
  std::vector<RankView> ranks;  // the whole gang, by rank
};

struct Judgement {
  v1::FailureClass failure = v1::FAILURE_CLASS_UNSPECIFIED;
  int culprit_rank = -1;
  std::string message;
};

// Whether the attempt is over, and by what: success when rank 0 succeeded and no rank still runs; otherwise
// the first rank that ended by its own fault. A rank that lost its peers, or drained, is no cause while
// another may turn up. nullopt: it goes on. Pure.
std::optional<Judgement> JudgeAttempt(const JudgeOptions& options, const AttemptView& attempt);

}  // namespace simclr::coordinator
