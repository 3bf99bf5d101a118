#pragma once

#include <prometheus/collectable.h>
#include <prometheus/registry.h>
#include <atomic>
#include <cstdint>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/metrics/process_metrics.h"
#include "coordinator/metrics/call_metrics.h"
#include "coordinator/metrics/event_metrics.h"
#include "coordinator/metrics/job_gauges.h"
#include "coordinator/state/cluster_view.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr::coordinator {

struct CoordinatorMetricsOptions {
  std::string version;
  std::string grpc_version;
  std::string database_path;  // empty: no sizes
  // Asked at each scrape; absent without TLS.
  std::function<std::optional<absl::Time>()> certificate_expiry = [] { return std::nullopt; };
  std::function<std::optional<absl::Time>()> ca_expiry = [] { return std::nullopt; };
  std::size_t max_jobs = 500;  // whose series are shown
};

// The coordinator's /metrics: counters of what happened, and gauges that are computed at each scrape, so that
// the series of ended jobs and forgotten workers are gone by themselves. Thread-safe.
class CoordinatorMetrics : public prometheus::Collectable {
 public:
  // `view` is called at each scrape, on an HTTP thread.
  CoordinatorMetrics(CoordinatorMetricsOptions options, std::function<ClusterView()> view);

  EventMetrics& events() { return events_; }
  CallMetrics& calls() { return calls_; }
  // Samples of rank 0; the newest one is shown. Between scrapes those of the newest jobs are kept.
  void OnSamples(const v1::PushMetricsRequest& request);
  void OnCollected(std::int64_t directories, std::int64_t bytes) {
    collected_directories_.Of({}).Increment(static_cast<double>(directories));
    collected_bytes_.Of({}).Increment(static_cast<double>(bytes));
  }
  void OnCollectFailed() { collect_failures_.Of({}).Increment(); }
  void SetUnknownPaths(std::int64_t paths) { unknown_paths_ = paths; }
  void SetRefusedConnections(std::int64_t connections) { refused_connections_ = connections; }
  void SetReloadRefused(bool certificates, bool tokens) {
    certificates_refused_ = certificates;
    tokens_refused_ = tokens;
  }
  void OnSelfCheckFailed() { self_check_failures_.Of({}).Increment(); }

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  // What does not depend on jobs and workers.
  std::vector<prometheus::MetricFamily> Standing() const;
  // Of the jobs in `view`; forgets the others.
  NewestSamples SamplesOf(const ClusterView& view) const;

  const CoordinatorMetricsOptions options_;
  const std::function<ClusterView()> view_;
  const ProcessMetrics process_;
  prometheus::Registry registry_;
  EventMetrics events_{registry_};
  CallMetrics calls_{registry_};
  Counters collected_directories_{registry_, "simclr_coordinator_collected_directories_total"};
  Counters collected_bytes_{registry_, "simclr_coordinator_collected_bytes_total"};
  Counters collect_failures_{registry_, "simclr_coordinator_collect_failures_total"};
  std::atomic<std::int64_t> unknown_paths_{0};
  std::atomic<std::int64_t> refused_connections_{0};
  std::atomic<bool> certificates_refused_{false};
  std::atomic<bool> tokens_refused_{false};
  Counters self_check_failures_{registry_, "simclr_listener_selfcheck_failures_total"};
  mutable Counters jobs_dropped_{registry_, "simclr_metrics_series_dropped_total"};

  mutable absl::Mutex mutex_;
  mutable NewestSamples samples_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simclr::coordinator
