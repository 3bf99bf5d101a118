#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "coordinator/collect/artifact_tree.h"
#include "coordinator/collect/plan.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/store/ended_jobs.h"
#include "coordinator/store/step_metrics.h"

namespace simclr::coordinator {

// Hears what the collector does, for metrics. It must return at once.
class CollectorObserver {
 public:
  virtual ~CollectorObserver() = default;

  virtual void OnCollected(std::int64_t directories, std::int64_t bytes) {}
  virtual void OnCollectFailed() {}
};

struct CollectorOptions {
  bool report_only = false;                      // nothing is removed, as after a restore
  int jobs_at_once = 20;                         // that a run looks at, and so the rate
  absl::Duration sweep_every = absl::Hours(24);  // of all that is in the artifact root
  absl::Duration retry_after = absl::Minutes(1);
};

// Removes files that nobody needs: checkpoints that were retired or never committed, and the directories of
// deleted jobs. Each removal is marked in the journal before and after, so that it is finished after a crash.
// Whatever it does not know it leaves, and says so. It looks at jobs of which something changed, and once a
// day at all. RunOnce is for one thread, the rest is thread-safe.
class Collector {
 public:
  // All of it outlives the collector.
  Collector(Coordinator& coordinator, EndedJobs& ended, StepMetricsStore& metrics, const ArtifactTree& tree,
            CollectorObserver& observer, const CollectorOptions& options);

  // Looks at some of the jobs that are due. `wall`: what the times of attempts are compared with; `now`, on
  // the monotonic clock: what its own waiting is measured in.
  void RunOnce(absl::Time wall, absl::Duration now);

  // Paths that are not of a placement or job of this database, as of the last looks.
  std::vector<std::string> Unknown() const;
  std::int64_t unknown_count() const;

 private:
  void FinishCondemned(const Cleanup& cleanup, absl::Duration now);
  void Gather(const Cleanup& cleanup, absl::Duration now);
  void BeginSweep(absl::Duration now);
  void DeleteMetricsLeft();
  bool TakeNext(absl::Duration now, std::string& name);
  absl::Status LookAt(const std::string& name, absl::Time wall, absl::Duration now);
  absl::Status LookAtJob(const v1::JobRecord& record, absl::Time wall, absl::Duration now);
  absl::Status LookAtDeleted(const std::string& id);
  std::vector<std::string> NotCondemned(const std::vector<std::string>& paths) const;
  absl::Status RemoveAll(const std::string& job, const std::vector<std::string>& paths);
  absl::Status RemoveCondemned(const std::string& job, const std::vector<std::string>& paths);
  absl::StatusOr<std::vector<DirectoryEntry>> ListIfThere(const std::string& path) const;
  void SetUnknown(const std::string& name, const std::vector<std::string>& paths);

  Coordinator& coordinator_;
  EndedJobs& ended_;
  StepMetricsStore& metrics_;
  const ArtifactTree& tree_;
  CollectorObserver& observer_;
  const CollectorOptions options_;

  std::int64_t revision_;  // up to which changes were gathered; what was before, the first sweep sees
  std::map<std::string, absl::Duration> due_;  // jobs, and when to look at them
  std::deque<std::string> sweep_;              // names in the root that are still to be looked at
  std::deque<std::string> deleted_before_;     // jobs that an earlier process may not have looked at
  absl::Duration next_sweep_ = -absl::InfiniteDuration();
  absl::Duration retry_condemned_ = -absl::InfiniteDuration();

  mutable absl::Mutex mutex_;
  std::map<std::string, std::vector<std::string>> unknown_ ABSL_GUARDED_BY(mutex_);  // by name in the root
};

}  // namespace simclr::coordinator
