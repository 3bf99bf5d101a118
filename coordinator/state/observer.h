#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "coordinator/state/job_record.h"
#include "simclr/v1/event.pb.h"

namespace simclr::coordinator {

// Hears what the coordinator does, for metrics and for files that are written at a job's end. Called on the
// writer's thread, OnHeartbeat and OnStaleRefused on any: it must return at once and not call back.
class CoordinatorObserver {
 public:
  virtual ~CoordinatorObserver() = default;

  // Durable and applied. `job` is the record that it changed, `before` the phase until then; null and empty
  // for an event about a worker.
  virtual void OnEvent(const v1::Event& event, const v1::JobRecord* job, const PhaseSpan& before) {}
  virtual void OnCommit(absl::Duration duration) {}  // of the journal
  virtual void OnCommitFailed(const absl::Status& status) {}
  // An event that would have broken an invariant was kept out of the journal.
  virtual void OnInvariantRefused(const absl::Status& status) {}
  // Exit, checkpoint, metrics or log of an old attempt.
  virtual void OnStaleRefused(const std::string& operation) {}
  virtual void OnHeartbeat(const absl::Status& taken) {}
  virtual void OnScheduled(absl::Duration duration) {}  // a slice of a pass over the queue
  virtual void OnSlice(absl::Duration duration) {}      // one piece of a tick, without its commit
  virtual void OnTick(absl::Duration duration) {}       // all pieces of one
  // Jobs of that kind held so much slot time since they were asked last.
  virtual void OnSlotsHeld(v1::JobKind kind, absl::Duration slot_time) {}
};

}  // namespace simclr::coordinator
