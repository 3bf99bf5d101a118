#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "coordinator/core/decisions.h"
#include "coordinator/core/desired_state.h"
#include "coordinator/core/observations.h"
#include "coordinator/core/observer.h"
#include "coordinator/state/cluster_state.h"
#include "coordinator/state/cluster_view.h"
#include "coordinator/store/journal.h"
#include "coordinator/store/step_metrics.h"
#include "simclr/v1/job_service.pb.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr::coordinator {

struct CoordinatorOptions {
  PolicyOptions policy;
  std::vector<std::string> data_roots;   // what job files may name
  std::int64_t snapshot_every = 10'000;  // events
  std::size_t max_open_jobs = 10'000;
  std::function<std::uint64_t()> random = RandomBits;
  std::function<void()> wants_tick = [] {};  // called when a Tick has something to do; must not call back
};

// The one place where state changes: validate, append to the journal, apply, under the only mutex. Users' and
// agents' calls record what they bring; Tick decides what follows from it. Nothing is told to anybody before
// it is durable. A reference to a job is its id, or its name: the newest of that name. Thread-safe.
class Coordinator {
 public:
  // Rebuilds the state from the journal. `clock`, `journal`, `metrics` and `observer` outlive the
  // coordinator. DATA_LOSS: the journal holds events that do not fit together.
  static absl::StatusOr<std::unique_ptr<Coordinator>> Open(CoordinatorOptions options, const Clock& clock,
                                                           Journal& journal, StepMetricsStore& metrics,
                                                           CoordinatorObserver& observer);

  // ---- Users.

  // Idempotent by (owner, request id). ALREADY_EXISTS: the id was used for another spec. RESOURCE_EXHAUSTED:
  // too many open jobs. See PrepareSpec for the rest.
  absl::StatusOr<v1::Job> Submit(const v1::SubmitJobRequest& request, const std::string& owner);
  // FAILED_PRECONDITION where the job has already ended by itself. A cancelled job may be cancelled again.
  absl::StatusOr<v1::Job> Cancel(const std::string& reference, const std::string& actor);
  absl::StatusOr<v1::Job> GetJob(const std::string& reference) const;
  v1::ListJobsResponse ListJobs(const v1::ListJobsRequest& request) const;
  // Jobs that changed after `revision`, by revision, and those with a live attempt, whose step goes on
  // without one.
  std::vector<v1::JobChange> ChangedJobs(std::int64_t revision) const;
  absl::StatusOr<std::vector<v1::Checkpoint>> ListCheckpoints(const std::string& reference) const;
  // Steps after `since_step` without those that a later attempt undid by resuming before them.
  absl::StatusOr<std::vector<v1::StepMetrics>> ReadMetrics(const std::string& reference,
                                                           std::int64_t since_step) const;

  // ---- Agents. What an old attempt brings gets FAILED_PRECONDITION and changes nothing.

  // FAILED_PRECONDITION: the agent belongs to another cluster, has seen a newer coordinator, or was replaced
  // by a newer process of its name.
  absl::StatusOr<v1::Desired> Observe(const v1::Observed& observed);
  v1::Desired DesiredOf(const std::string& worker) const;
  absl::Status ReportExit(const v1::ReportExitRequest& request);
  absl::StatusOr<v1::CommitCheckpointResponse> CommitCheckpoint(const v1::CommitCheckpointRequest& request);
  absl::Status PushMetrics(const v1::PushMetricsRequest& request);
  // OK if `worker` runs that rank of a live attempt.
  absl::Status CheckLive(const std::string& operation, const std::string& worker, const std::string& job_id,
                         int attempt, int rank) const;
  // Whether somebody reads the log of that rank.
  void SetFollowed(const FollowedRank& rank, bool followed);

  // ---- Operators and the server.

  std::vector<v1::Worker> ListWorkers() const;
  // For metrics; with the jobs that ended within `recent`.
  ClusterView View(absl::Duration recent) const;
  std::int64_t revision() const;
  std::int64_t term() const { return journal_.term(); }
  const std::string& cluster_id() const { return journal_.cluster_id(); }
  // Waits until the change counter passes `seen`, at most `timeout`, and returns it. It grows with every
  // event and with news that change what agents should do.
  std::int64_t WaitForChange(std::int64_t seen, absl::Duration timeout) const;

  // Lets time pass: lost workers, ended and started attempts, dependencies, placements. To be called at every
  // wish and once a second.
  void Tick();
  // Writes a snapshot, so that the next start is quick.
  absl::Status Snapshot();

 private:
  Coordinator(CoordinatorOptions options, const Clock& clock, Journal& journal, StepMetricsStore& metrics,
              CoordinatorObserver& observer);

  Moment Now() const { return {clock_.Monotonic(), clock_.Now()}; }
  absl::Status Recover() ABSL_LOCKS_EXCLUDED(mutex_);
  // Stamps, appends and applies `events`; all or none.
  absl::Status Commit(std::vector<v1::Event> events, const std::string& actor,
                      const Submission* submission = nullptr) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ApplyDurable(const v1::Event& event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status WriteSnapshot() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteChange() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteSlotTime(const Moment& now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::vector<v1::Worker> WorkersNow() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Situation SituationAt(const Moment& now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  std::string NextJobId(absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<v1::Job> Answer(const Submission& earlier, const std::string& content_hash) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  v1::Job Describe(const v1::JobRecord& record) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Status CheckAgent(const v1::Observed& observed) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Register(const v1::Observed& observed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  v1::Desired StampedDesired(const std::string& worker) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The live attempt, if `worker` holds `rank` of it (-1: any).
  absl::StatusOr<const v1::AttemptRecord*> FindLive(const std::string& operation, const std::string& worker,
                                                    const std::string& job_id, int attempt, int rank) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const CoordinatorOptions options_;
  const Clock& clock_;
  Journal& journal_;
  StepMetricsStore& metrics_;
  CoordinatorObserver& observer_;

  mutable absl::Mutex mutex_;
  ClusterState state_ ABSL_GUARDED_BY(mutex_);
  Observations observations_ ABSL_GUARDED_BY(mutex_);
  absl::Duration slots_counted_at_ ABSL_GUARDED_BY(mutex_);
  std::set<FollowedRank> followed_ ABSL_GUARDED_BY(mutex_);
  std::set<std::pair<std::string, std::uint64_t>> replaced_
      ABSL_GUARDED_BY(mutex_);  // worker, old incarnation
  std::int64_t changes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::int64_t snapshot_revision_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time last_event_at_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

}  // namespace simclr::coordinator
