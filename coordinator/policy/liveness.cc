#include "coordinator/policy/liveness.h"

namespace simclr::coordinator {

v1::WorkerState JudgeWorker(const LivenessOptions& options, const WorkerSilence& silence) {
  if (silence.silent < options.unknown_after) return v1::WORKER_STATE_CONNECTED;
  if (silence.silent < options.lost_after) return v1::WORKER_STATE_UNKNOWN;
  if (silence.since_start < options.reattach_window) return v1::WORKER_STATE_UNKNOWN;
  const bool lives_by_progress =
      silence.since_gang_progress < options.lost_after && silence.silent < options.orphan_limit;
  return lives_by_progress ? v1::WORKER_STATE_UNKNOWN : v1::WORKER_STATE_LOST;
}

}  // namespace simclr::coordinator
