#pragma once

#include <prometheus/registry.h>

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "coordinator/metrics/families.h"
#include "coordinator/state/job_record.h"
#include "coordinator/state/observer.h"
#include "simclr/v1/event.pb.h"

namespace simclr::coordinator {

// Counters and histograms of what the coordinator does; see CoordinatorObserver for the calls. Every known
// series is there as 0 from the start. Thread-safe.
class EventMetrics : public CoordinatorObserver {
 public:
  explicit EventMetrics(prometheus::Registry& registry);

  void OnEvent(const v1::Event& event, const v1::JobRecord* job, const PhaseSpan& before) override;
  void OnCommit(absl::Duration duration) override;
  void OnCommitFailed(const absl::Status& status) override;
  void OnInvariantRefused(const absl::Status& status) override;
  void OnStaleRefused(const std::string& operation) override;
  void OnHeartbeat(const absl::Status& taken) override;
  void OnScheduled(absl::Duration duration) override;
  void OnSlice(absl::Duration duration) override;
  void OnTick(absl::Duration duration) override;
  void OnSlotsHeld(v1::JobKind kind, absl::Duration slot_time) override;

 private:
  void ShowZeros();
  void ShowZeros(v1::JobKind kind);
  void OnJobEvent(const v1::Event& event, const v1::JobRecord& job);
  void OnPhase(const v1::Event& event, const v1::JobRecord& job, const PhaseSpan& before);
  void OnAttemptEnded(const v1::AttemptEnded& ended, const v1::JobRecord& job);

  Counters submitted_;
  Counters finished_;
  Histograms phases_;
  Counters attempts_ended_;
  Counters restarts_;
  Counters slot_seconds_;
  Counters lost_seconds_;
  Counters decisions_;
  Histograms scheduling_;
  Counters heartbeats_;
  Counters workers_gone_;
  Counters stale_writes_;
  Counters checkpoint_commits_;
  Histograms checkpoint_write_;
  Histograms transaction_;
  Counters database_errors_;
  Counters invariant_refusals_;
  Histograms ticks_;
  Histograms slices_;
};

}  // namespace simclr::coordinator
