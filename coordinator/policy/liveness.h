#pragma once

#include "absl/time/time.h"
#include "simclr/v1/cluster_service.pb.h"

namespace simclr::coordinator {

struct LivenessOptions {
  absl::Duration unknown_after = absl::Seconds(5);
  absl::Duration lost_after = absl::Seconds(15);
  // Nobody can become LOST so soon after the coordinator's start: agents need time to come back.
  absl::Duration reattach_window = absl::Seconds(30);
  // Progress of its gang keeps a silent worker from being LOST, but not for longer than this: by then its
  // agent, cut off, has drained its trainers.
  absl::Duration orphan_limit = absl::Seconds(600);
};

struct WorkerSilence {
  absl::Duration silent;       // since it was last heard, or since the coordinator's start
  absl::Duration since_start;  // of the coordinator
  // Since a rank elsewhere, of a gang that also lives here, made a step after this worker fell silent.
  // Synchronous training cannot do that without every rank. Infinite: none did.
  absl::Duration since_gang_progress = absl::InfiniteDuration();
};

// CONNECTED, UNKNOWN (gets no new work; nothing else changes) or LOST (its attempts are ended). Pure; the
// durations are of a monotonic clock.
v1::WorkerState JudgeWorker(const LivenessOptions& options, const WorkerSilence& silence);

}  // namespace simclr::coordinator
