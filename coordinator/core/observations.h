#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "coordinator/core/moment.h"
#include "coordinator/edge/refusals.h"
#include "coordinator/policy/hang_judge.h"
#include "coordinator/policy/liveness.h"
#include "coordinator/state/state_reader.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr::coordinator {

// What agents said last, and since when: liveness, steps, store endpoints. It is not durable; after a restart
// of the coordinator it comes back with the next Observed of each agent, and every timer starts anew.
// Thread-safe.
class Observations {
 public:
  struct WorkerNews {
    absl::Duration heard_at;  // this report; a refused one may be a later sign of life
    absl::Time heard_at_wall;
    std::shared_ptr<const v1::Observed> observed;  // never null
    bool in_session = false;                       // the session that it came on is open
  };
  struct Progress {
    std::int64_t step = 0;
    std::int64_t total_steps = 0;
    double epoch = 0;
  };
  // Of the rank that has read the least of its data.
  struct Opening {
    int rank = 0;
    std::int64_t files_listed = 0;
    std::int64_t bytes_read = 0;
  };
  enum class Taken {
    kOlder,  // than what the same agent process said before: left out
    kSame,   // nothing that decisions rest on
    kNews,   // a rank appeared, went, started, or rank 0 named its endpoint
  };

  explicit Observations(absl::Duration start) : start_(start) {}

  Taken Record(const v1::Observed& observed, const Moment& now);
  // Whether the same agent process said something newer before: two of its sessions crossed.
  bool IsOlder(const v1::Observed& observed) const;
  // What the worker says of itself was refused with this text: a sign of life, but no state. True: a warning
  // is due.
  bool NoteRefused(const std::string& worker, const std::string& text, absl::Duration now);
  // Why, while nothing but refused reports comes; empty: all is well.
  std::string RefusalOf(const std::string& worker) const;
  // The session of that agent process is closed.
  void EndSession(const std::string& worker, std::uint64_t nonce);
  // The coordinator itself stood still until `now`: agents need time to come back.
  void Reopen(absl::Duration now);
  // Keeps the timers of the job's live attempt.
  void FollowAttempt(const v1::JobRecord& record, absl::Duration now);
  void Forget(const std::string& job);

  std::optional<WorkerNews> FindWorker(const std::string& worker) const;  // none: not heard since the start
  // When a worker was heard last, or the start of the coordinator.
  absl::Duration HeardAt(const std::string& worker) const;
  // In its worker's last Observed, of the placement that the attempt is. Null: not there.
  std::shared_ptr<const v1::ObservedRank> FindRank(const std::string& job_id,
                                                   const v1::AttemptRecord& attempt,
                                                   const v1::RankRecord& rank) const;
  // Of rank 0; empty: not known yet.
  std::string StoreEndpoint(const std::string& job_id, const v1::AttemptRecord& attempt) const;
  std::optional<Progress> FindProgress(const v1::JobRecord& record) const;  // of the live attempt
  std::optional<Opening> FindOpening(const v1::JobRecord& record) const;    // while ranks open their data

  v1::WorkerState StateOf(const LivenessOptions& options, const v1::WorkerRecord& worker,
                          absl::Duration now) const;
  // What JudgeAttempt wants to know of the live attempt of `record`.
  AttemptView ViewOf(const LivenessOptions& options, const StateReader& state, const v1::JobRecord& record,
                     const v1::AttemptRecord& attempt, absl::Duration now) const;

 private:
  struct Timers {
    int attempt = 0;
    std::string nonce;
    absl::Duration placed;
    std::optional<absl::Duration> first_exit;
    std::optional<absl::Duration> stopping;
    std::set<int> seen;                              // ranks that their workers had
    std::map<int, absl::Duration> absent;            // by rank, since when its worker no longer has it
    std::map<std::string, absl::Duration> progress;  // last step of any rank, by worker; holds the whole gang
    StepTimes steps;                                 // of rank 0
  };
  using Rank = std::shared_ptr<const v1::ObservedRank>;

  const WorkerNews* Find(const std::string& worker) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  absl::Duration SignOfLife(const std::string& worker) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  Rank Find(const std::string& job_id, const v1::AttemptRecord& attempt, const v1::RankRecord& rank) const
      ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  void NoteAbsence(const v1::JobRecord& record, const v1::AttemptRecord& live, absl::Duration now,
                   Timers& timers) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  void NoteSteps(const v1::Observed& observed, absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NoteProgress(const v1::Observed& before, const v1::Observed& after, absl::Duration now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Duration SinceGangProgress(const std::string& worker, absl::Duration heard_at,
                                   absl::Duration now) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  v1::WorkerState Judge(const LivenessOptions& options, const v1::WorkerRecord& worker,
                        absl::Duration now) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  absl::Duration start_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, WorkerNews> workers_ ABSL_GUARDED_BY(mutex_);
  Refusals refusals_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, absl::Duration> refused_at_ ABSL_GUARDED_BY(mutex_);    // last, by worker
  std::map<std::string, Timers> timers_ ABSL_GUARDED_BY(mutex_);                // by job
  std::map<std::string, std::set<std::string>> gangs_ ABSL_GUARDED_BY(mutex_);  // jobs with timers, by worker
};

}  // namespace simclr::coordinator
