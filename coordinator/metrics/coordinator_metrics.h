#pragma once

#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "simclr/v1/cluster_service.pb.h"
#include "simclr/v1/event.pb.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr::coordinator {

// What a scrape shows of the cluster as it is now.
struct ClusterView {
  std::vector<v1::Job> jobs;
  std::vector<v1::Worker> workers;
  std::int64_t term = 0;
  std::int64_t revision = 0;
  absl::Time now;
};

// The coordinator's /metrics: counters of what happened, and gauges that are computed at each scrape, so that
// the series of ended jobs and forgotten workers are gone by themselves. Thread-safe.
class CoordinatorMetrics : public prometheus::Collectable {
 public:
  // `view` is called at each scrape, on an HTTP thread.
  explicit CoordinatorMetrics(std::function<ClusterView()> view);

  void OnEvent(const v1::Event& event);
  void OnCommit(absl::Duration duration);
  void OnCommitFailed();
  void OnStaleRefused(const std::string& operation);
  // Samples of rank 0; the newest one is shown.
  void OnSamples(const v1::PushMetricsRequest& request);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  struct JobNews {
    v1::StepMetrics sample;
    absl::Time checkpoint_at = absl::InfinitePast();
  };

  const std::function<ClusterView()> view_;
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& submitted_;
  prometheus::Family<prometheus::Counter>& finished_;
  prometheus::Family<prometheus::Counter>& attempts_ended_;
  prometheus::Family<prometheus::Counter>& restarts_;
  prometheus::Family<prometheus::Counter>& stale_writes_;
  prometheus::Counter& checkpoint_commits_;
  prometheus::Counter& database_errors_;
  prometheus::Histogram& checkpoint_write_;
  prometheus::Histogram& transaction_;

  mutable absl::Mutex mutex_;
  std::map<std::string, JobNews> news_ ABSL_GUARDED_BY(mutex_);  // of jobs with a live attempt
};

// The gauges of `view` alone, without those that need samples. Pure.
std::vector<prometheus::MetricFamily> ClusterGauges(const ClusterView& view);

}  // namespace simclr::coordinator
