#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "simclr/v1/trainer_service.pb.h"
#include "simclr/v1/worker_service.pb.h"
#include "worker/agent/base/rank_key.h"

namespace simclr::agent {

// For how long the series of a rank are shown after its end, so that its last values are scraped.
inline constexpr absl::Duration kSeriesKept = absl::Minutes(5);

// What one rank of a job did on this node, over all its attempts here.
struct RankFigures {
  v1::JobKind kind = v1::JOB_KIND_UNSPECIFIED;
  int global_batch = 0;

  int attempt = 0;          // the newest here
  std::string nonce;        // of its placement
  v1::TrainerTotals ended;  // of the attempts before it
  v1::TrainerTotals newest;
  std::int64_t non_finite = 0;  // attempts that ended so

  std::int64_t step = 0;  // finished; 0: none was told yet
  double epoch = 0;
  std::map<std::string, double> measures;  // newest value of each, by its name in StepMetrics.values

  std::int64_t checkpoint_bytes = 0;  // of the newest
  std::optional<absl::Time> checkpoint_at;
  std::optional<absl::Duration> ended_at;  // monotonic; none while its trainer lives
};

// What the ranks of a job did on this node together.
struct JobFigures {
  v1::JobKind kind = v1::JOB_KIND_UNSPECIFIED;
  v1::TrainerTotals totals;
  std::int64_t non_finite = 0;
};

// The figures of all ranks that are or were here lately, for /metrics. A trainer tells the totals of its own
// process, so a new attempt adds to what the earlier ones did and a repeated report changes nothing. Time is
// an argument. Not thread-safe; copies are.
class TrainerFigures {
 public:
  using ByJobAndRank = std::map<std::pair<std::string, int>, RankFigures>;

  void OnStart(const v1::DesiredRank& rank);
  // What concerns an attempt that is not the newest here is ignored.
  void OnReport(const RankKey& key, const v1::TrainerReport& report, absl::Time now);
  // `in_checkpoint`: the trainer was writing a checkpoint when it ended.
  void OnExit(const v1::ReportExitRequest& exit, bool in_checkpoint, absl::Duration now);
  // Drops the ranks that ended kSeriesKept ago or earlier. What they did stays part of their job until its
  // last rank here is dropped: a sum over ranks never goes down.
  void Forget(absl::Duration now);

  const ByJobAndRank& ranks() const { return ranks_; }
  // By job: all its ranks, those included that were dropped.
  std::map<std::string, JobFigures> jobs() const;
  // Since the agent's start, forgotten ranks included.
  v1::Histogram checkpoint_seconds() const;
  std::int64_t failed_checkpoints() const { return failed_checkpoints_; }
  const std::map<v1::FailureClass, std::int64_t>& exits() const { return exits_; }

 private:
  // nullptr where `key` is no rank's newest attempt.
  RankFigures* Find(const RankKey& key);

  bool HasRankOf(const std::string& job) const;

  ByJobAndRank ranks_;
  std::map<std::string, JobFigures> dropped_;  // of jobs that have other ranks here
  v1::Histogram forgotten_checkpoint_seconds_;
  std::int64_t failed_checkpoints_ = 0;
  std::map<v1::FailureClass, std::int64_t> exits_;
};

// Of all attempts of the rank.
v1::TrainerTotals TotalsOf(const RankFigures& rank);
// Adds `more`. A histogram with other bounds than the sum so far is left out.
void AddTo(v1::Histogram& sum, const v1::Histogram& more);
void AddTo(v1::TrainerTotals& sum, const v1::TrainerTotals& more);

}  // namespace simclr::agent
