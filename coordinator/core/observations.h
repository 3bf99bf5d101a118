#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "coordinator/policy/attempt_judge.h"
#include "coordinator/policy/liveness.h"
#include "coordinator/state/cluster_state.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr::coordinator {

// A moment on both clocks.
struct Moment {
  absl::Duration monotonic;  // for every limit
  absl::Time wall;           // for time stamps
};

// What agents said last, and since when: liveness, steps, store endpoints. It is not durable; after a restart
// of the coordinator it comes back with the next Observed of each agent, and every timer starts anew.
// Thread-compatible.
class Observations {
 public:
  struct WorkerNews {
    absl::Duration heard_at;
    absl::Time heard_at_wall;
    v1::Observed observed;
  };
  struct Progress {
    std::int64_t step = 0;
    std::int64_t total_steps = 0;
    double epoch = 0;
  };

  explicit Observations(absl::Duration start) : start_(start) {}

  // True where something that decisions rest on differs from before: a rank appeared, went, started, or rank
  // 0 named its endpoint.
  bool Record(const v1::Observed& observed, const Moment& now);
  // Keeps the timers of live attempts: starts those of new ones, forgets those of ended ones.
  void FollowAttempts(const ClusterState& state, absl::Duration now);

  const WorkerNews* FindWorker(const std::string& worker) const;  // null: not heard since the start
  // In its worker's last Observed, from the incarnation that the rank was given to.
  const v1::ObservedRank* FindRank(const std::string& job_id, int attempt, const v1::RankRecord& rank) const;
  // Of rank 0; empty: not known yet.
  std::string StoreEndpoint(const v1::JobRecord& record, const v1::AttemptRecord& attempt) const;
  std::optional<Progress> FindProgress(const v1::JobRecord& record) const;  // of the live attempt

  v1::WorkerState StateOf(const LivenessOptions& options, const ClusterState& state,
                          const v1::WorkerRecord& worker, absl::Duration now) const;
  // What JudgeAttempt wants to know of the live attempt of `record`.
  AttemptView ViewOf(const LivenessOptions& options, const ClusterState& state, const v1::JobRecord& record,
                     const v1::AttemptRecord& attempt, absl::Duration now) const;

 private:
  struct Timers {
    int attempt = 0;
    absl::Duration placed;
    std::optional<absl::Duration> first_exit;
    std::optional<absl::Duration> stopping;
    std::map<int, absl::Duration> absent;            // by rank, since when its worker no longer has it
    std::map<std::string, absl::Duration> progress;  // last step of any rank, by worker
  };

  void NoteAbsence(const v1::JobRecord& record, const v1::AttemptRecord& live, absl::Duration now,
                   Timers& timers) const;
  void NoteProgress(const v1::Observed& before, const v1::Observed& after, absl::Duration now);
  absl::Duration SinceGangProgress(const ClusterState& state, const std::string& worker,
                                   absl::Duration heard_at, absl::Duration now) const;

  const absl::Duration start_;
  std::map<std::string, WorkerNews> workers_;
  std::map<std::string, Timers> timers_;  // by job
};

}  // namespace simclr::coordinator
