#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "simclr/v1/event.pb.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr::coordinator {

// The limits of a job: how long a rank may go without progress in what it does. Infinite: for ever.
struct HangLimits {
  absl::Duration init;        // from the placement, or its start, until it has met the others
  absl::Duration data;        // without a file listed or a byte read, while opening or waiting for a batch
  absl::Duration first_step;  // until the first step of the attempt has been seen
  absl::Duration step;        // in a step, also in its collectives
  absl::Duration checkpoint;
  absl::Duration eval;
  absl::Duration grace;  // for the others to save, once one rank has drained
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
  absl::Duration since_placed;
  absl::Duration since_first_exit;
  absl::Duration since_stopping;
  HangLimits limits;
  std::vector<RankView> ranks;  // the whole gang, by rank
};

struct Judgement {
  v1::FailureClass failure = v1::FAILURE_CLASS_UNSPECIFIED;
  int culprit_rank = -1;
  std::string message;
};

}  // namespace simclr::coordinator
