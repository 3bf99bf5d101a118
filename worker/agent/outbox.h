#pragma once

#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/backoff.h"
#include "simclr/v1/worker_service.pb.h"
#include "worker/agent/coordinator_client.h"
#include "worker/agent/spool.h"

namespace simclr::agent {

struct OutboxOptions {
  BackoffOptions retry;
};

// Delivers exits, commits and metrics to the coordinator in the order in which they were added, again and
// again until it answers. A stale answer drops the item. One that the disk damaged goes to the spool's
// quarantine; of such an exit what can still be read is delivered. One thread of its own. Thread-safe.
class Outbox {
 public:
  // `spool` and `coordinator` outlive the outbox.
  Outbox(const OutboxOptions& options, Spool& spool, CoordinatorClient& coordinator);
  ~Outbox();

  void Add(const v1::ReportExitRequest& exit) { spool_.Add(SpoolKind::kExit, exit.SerializeAsString()); }
  void Add(const v1::CommitCheckpointRequest& commit) {
    spool_.Add(SpoolKind::kCommit, commit.SerializeAsString());
  }
  void Add(const v1::PushMetricsRequest& metrics) {
    spool_.Add(SpoolKind::kMetrics, metrics.SerializeAsString());
  }

  // The coordinator is back: do not wait for the backoff.
  void Nudge();
  std::size_t size() const { return spool_.size(); }

 private:
  void DeliverAll();
  absl::Status Deliver(const SpoolItem& item);
  void TakeOut(const SpoolItem& item);  // after it was delivered or refused
  void WaitBeforeRetry(absl::Duration delay);

  Spool& spool_;
  CoordinatorClient& coordinator_;
  Backoff backoff_;  // of the delivery thread
  absl::Mutex mutex_;
  bool nudged_ ABSL_GUARDED_BY(mutex_) = false;  // or stopping
  std::jthread delivery_;
};

}  // namespace simclr::agent
