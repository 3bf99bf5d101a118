#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "coordinator/core/archived_logs.h"
#include "coordinator/core/caller.h"
#include "coordinator/core/cleanup.h"
#include "coordinator/core/decisions.h"
#include "coordinator/core/deletion.h"
#include "coordinator/core/desired_state.h"
#include "coordinator/core/job_page.h"
#include "coordinator/core/keep_ended_jobs.h"
#include "coordinator/core/moment.h"
#include "coordinator/core/observations.h"
#include "coordinator/core/shared_state.h"
#include "coordinator/core/ticker.h"
#include "coordinator/core/writer.h"
#include "coordinator/policy/identity.h"
#include "coordinator/state/cluster_view.h"
#include "coordinator/state/observer.h"
#include "coordinator/store/ended_jobs.h"
#include "coordinator/store/journal.h"
#include "coordinator/store/step_metrics.h"
#include "simclr/v1/job_service.pb.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr::coordinator {

struct CoordinatorOptions {
  PolicyOptions policy;
  std::vector<std::string> data_roots;   // what job files may name
  std::int64_t snapshot_every = 10'000;  // events
  std::int64_t max_open_jobs = 100'000;
  std::int64_t max_open_jobs_of_user = 20'000;
  std::function<std::uint64_t()> random = RandomBits;
  // Runs what a change lets follow for an agent's session, which encrypts and writes.
  std::function<void(std::function<void()>)> finish = [](const std::function<void()>& call) { call(); };
  // After a failure of the journal that leaves open what is durable. Must not return.
  std::function<void(const absl::Status&)> die;
};

// A slice that comes so much later than it was due shows that the process stood still.
inline constexpr absl::Duration kStoodStill = absl::Seconds(5);

// Orders for one agent. Of two, the one with the larger `change` is the newer.
struct Orders {
  v1::Desired desired;      // without sequence, which counts within a session
  std::uint64_t nonce = 0;  // of the agent process that holds the name, and alone may have them
  std::int64_t change = 0;
};

// What any other process of the worker's name is told.
absl::Status ReplacedRefusal(const std::string& worker);

struct JobChanges {
  std::vector<v1::JobChange> changes;
  std::int64_t revision = 0;  // up to which they are all here
};

// Users' and agents' calls become intents of the one writer, which decides them on the state as it will be,
// makes them durable and only then lets anybody know; what follows from them and from the passing of time,
// ticks decide on the same thread. Readers copy pointers and wait for nothing but, for ended jobs, the disk.
// A reference to a job is its id, or its name: the newest of that name. Thread-safe.
class Coordinator {
 public:
  // Rebuilds the state from the journal. What is passed by reference outlives the coordinator. DATA_LOSS: the
  // journal holds an event that the state refuses; the message names it, and what helps.
  static absl::StatusOr<std::unique_ptr<Coordinator>> Open(CoordinatorOptions options, const Clock& clock,
                                                           Journal& journal, EndedJobs& ended,
                                                           StepMetricsStore& metrics,
                                                           CoordinatorObserver& observer);
  ~Coordinator();

  // Starts the writer's thread; until then, and after Stop, calls that change something run it themselves and
  // are for one thread.
  void Start();
  // Decides what waits and ends the thread.
  void Stop();

  // ---- Users.

  // What changes something is idempotent by (caller, request id): a request that is repeated is answered as
  // before, for 24 h, also after a restart, and does nothing. Of a job that was deleted meanwhile the answer
  // has id, name and owner alone. ALREADY_EXISTS: the id was used for another request.

  // RESOURCE_EXHAUSTED: too many open jobs. See PrepareSpec for the rest.
  absl::StatusOr<v1::Job> Submit(const v1::SubmitJobRequest& request, const Caller& caller);
  // All or none. Errors as of Submit, with the name of the job and its place; INVALID_ARGUMENT: none, or more
  // than kMaxSubmitBytes.
  absl::StatusOr<v1::SubmitJobsResponse> SubmitMany(const v1::SubmitJobsRequest& request,
                                                    const Caller& caller);
  // FAILED_PRECONDITION where the job has already ended by itself. A cancelled job may be cancelled again.
  absl::StatusOr<v1::Job> Cancel(const v1::CancelJobRequest& request, const Caller& caller,
                                 const MayChange& may);
  // All or none. FAILED_PRECONDITION: one is open, or needed by an open job and not forced. NOT_FOUND: there
  // is none, or it was deleted.
  absl::StatusOr<v1::DeleteJobsResponse> Delete(const v1::DeleteJobsRequest& request, const Caller& caller,
                                                const MayChange& may);
  absl::StatusOr<v1::PruneJobsResponse> Prune(const v1::PruneJobsRequest& request, const Caller& caller);
  // A job that was deleted is NOT_FOUND, with a message that says so.
  absl::StatusOr<v1::Job> GetJob(const std::string& reference) const;
  // Lists: INVALID_ARGUMENT for a page size or token that cannot be.
  absl::StatusOr<v1::ListJobsResponse> ListJobs(const v1::ListJobsRequest& request,
                                                const std::string& caller = "") const;
  // Jobs that changed after `revision`, by revision, and those with a live attempt, whose step goes on
  // without one. Of the jobs in `ids`, where there are any.
  absl::StatusOr<JobChanges> ChangedJobs(std::int64_t revision, const std::set<std::string>& ids = {}) const;
  absl::StatusOr<v1::ListCheckpointsResponse> ListCheckpoints(
      const v1::ListCheckpointsRequest& request) const;
  // Steps after `since_step` without those that a later attempt undid by resuming before them.
  absl::StatusOr<std::vector<v1::StepMetrics>> ReadMetrics(const std::string& reference,
                                                           std::int64_t since_step) const;

  // ---- Agents. What belongs to another placement than the live one gets FAILED_PRECONDITION and changes
  // nothing.

  // Takes an agent's report and hands its orders to `done`: at once, or once the registration that it needs
  // is durable; none to a quiet agent, which hears of changes alone. FAILED_PRECONDITION: the agent belongs
  // to another cluster, has seen a newer coordinator, speaks another protocol, or was replaced.
  // ALREADY_EXISTS: another process holds its name. The status carries a SessionRefusal.
  void Observe(const v1::Observed& observed, std::function<void(absl::StatusOr<std::optional<Orders>>)> done);
  // A report of the worker was refused at the door with this text. True: a warning is due.
  bool NoteRefused(const std::string& worker, const std::string& text);
  void EndSession(const std::string& worker, std::uint64_t nonce);
  Orders OrdersFor(const std::string& worker) const;
  // The workers whose orders may have changed since the last call.
  std::set<std::string> TakeChangedWorkers();
  absl::Status ReportExit(const v1::ReportExitRequest& request);
  absl::Status CommitCheckpoint(const v1::CommitCheckpointRequest& request);
  absl::Status PushMetrics(const v1::PushMetricsRequest& request);
  // Of any placement that the worker held, ended ones too.
  absl::Status LogArchived(const v1::LogArchivedRequest& request);
  const ArchivedLogs& archived_logs() const { return archived_logs_; }
  // OK if `worker` runs that rank of the live placement.
  absl::Status CheckLive(const std::string& operation, const Placement& placement) const;

  // ---- Operators and the server.

  absl::StatusOr<v1::ListWorkersResponse> ListWorkers(const v1::ListWorkersRequest& request) const;
  std::vector<v1::Worker> Workers() const;
  // For metrics; with the jobs that ended within `recent`, at most kRecentlyEnded.
  ClusterView View(absl::Duration recent) const;
  std::int64_t revision() const;
  std::int64_t term() const { return journal_.term(); }
  const std::string& cluster_id() const { return journal_.cluster_id(); }
  // Waits until the change counter passes `seen`, at most `timeout`, and returns it. It grows with every
  // event and with news that change what agents should do.
  std::int64_t WaitForChange(std::int64_t seen, absl::Duration timeout) const;

  // Lets time pass until nothing more follows, where no thread does it.
  void Tick();
  // For the collector of files: what changed after `revision`.
  Cleanup ForCleanup(std::int64_t revision) const;
  // As GetJob, with all that is stored of the job.
  absl::StatusOr<JobPtr> GetRecord(const std::string& id) const { return Resolve(id); }
  bool IsDeleted(const std::string& id) const;
  // Whether the path is marked to be removed.
  bool IsCondemned(const std::string& path) const;
  // Makes an event of the coordinator's own durable. INTERNAL: it breaks an invariant.
  absl::Status Append(v1::Event event);
  // Deletes ended jobs whose time is over and that no open job names; a part of them at once. Returns their
  // number.
  absl::StatusOr<int> DeleteExpired(const KeepEndedJobs& keep);
  // Writes a snapshot where `snapshot_every` events came after the last one, or `always`.
  absl::Status Snapshot(bool always = true);

 private:
  Coordinator(CoordinatorOptions options, const Clock& clock, Journal& journal, EndedJobs& ended,
              StepMetricsStore& metrics, CoordinatorObserver& observer, ClusterState state);

  // Runs `decide` through the writer and waits for its end.
  absl::Status Perform(const Caller& caller, std::function<absl::Status(Decision&)> decide);
  void RunWriter();
  void RunSlice();
  bool SliceIsDue() const;
  void OnApplied(const std::vector<CheckedEvent>& events);
  void NoteNews(const v1::Observed& observed);
  // Something changed that these workers' orders may depend on.
  void NoteChange(const std::set<std::string>& workers);

  // An open job, else an ended one, which is read from the disk.
  absl::StatusOr<JobPtr> Resolve(const std::string& reference) const;
  absl::StatusOr<JobPtr> ResolveAfter(const v1::JobSpec& spec) const;
  v1::Job Describe(const v1::JobRecord& record) const;
  // An answer that is told again.
  absl::StatusOr<v1::Job> JobOrRemains(const std::string& id) const;
  absl::StatusOr<v1::SubmitJobsResponse> AnswerAgain(const std::string& ids) const;
  // `reference` is how the user names what it comes after.
  absl::Status DecideSubmission(Decision& decision, const std::string& reference, const JobPtr& after,
                                const v1::JobSpec& spec, JobPtr& made) const;
  static absl::Status DecideCancellation(Decision& decision, const std::string& by, const JobPtr& found,
                                         JobPtr& cancelled);

  // One of several specs, checked, before it is decided.
  struct PreparedJob {
    v1::JobSpec spec;
    JobPtr after;                   // that it comes after, where there is one already
    std::optional<int> after_spec;  // or the spec of the same request
  };
  absl::StatusOr<std::vector<PreparedJob>> PrepareAll(const v1::SubmitJobsRequest& request) const;
  absl::Status DecidePrepared(Decision& decision, const std::string& reference, const PreparedJob& job,
                              std::vector<JobPtr>& made) const;
  static absl::StatusOr<v1::SubmitJobsResponse> Validated(
      const absl::StatusOr<std::vector<PreparedJob>>& prepared);
  absl::Status DecideDeletion(Decision& decision, const std::string& id, const JobPtr& ended, bool force,
                              const MayChange& may) const;
  absl::StatusOr<JobQuery> ReadPrune(const v1::PruneJobsRequest& request, const std::string& caller) const;
  absl::Status DecidePrune(Decision& decision, const v1::PruneJobsRequest& request,
                           const std::vector<JobPtr>& jobs, v1::PruneJobsResponse& response) const;
  std::string NextJobId(const StateReader& state, absl::Time now) const;

  absl::Status CheckAgent(const v1::Observed& observed) const;
  NameHolder HolderOf(const v1::WorkerRecord* known, const std::string& name) const;
  absl::Status DecideRegistration(Decision& decision, const v1::Observed& observed);
  bool IsRegistered(const v1::Observed& observed) const;
  absl::StatusOr<std::optional<Orders>> Take(const v1::Observed& observed);

  const CoordinatorOptions options_;
  const Clock& clock_;
  Journal& journal_;
  EndedJobs& ended_;
  StepMetricsStore& metrics_;
  CoordinatorObserver& observer_;
  const std::uint64_t holder_;  // names this process in every Desired
  const ServiceClock service_clock_;

  SharedState shared_;
  Observations observations_;
  ArchivedLogs archived_logs_;
  Ticker ticker_;
  Writer writer_;
  bool threaded_ = false;  // set before, and after, other threads call
  std::thread thread_;
  absl::Duration last_slice_;  // of the writer's thread

  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::int64_t changes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::set<std::string> changed_workers_ ABSL_GUARDED_BY(mutex_);
  std::int64_t snapshot_revision_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<std::pair<absl::Duration, JobPtr>> recent_
      ABSL_GUARDED_BY(mutex_);  // ended at, by the monotonic clock
};

}  // namespace simclr::coordinator
