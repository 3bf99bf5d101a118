#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "simclr/v1/trainer_service.pb.h"
#include "simclr/v1/worker_service.pb.h"
#include "worker/agent/base/memory_cgroup.h"
#include "worker/agent/base/rank_key.h"
#include "worker/agent/base/trainer_handle.h"
#include "worker/agent/control/exit_class.h"
#include "worker/agent/control/hang_watch.h"
#include "worker/agent/control/reconcile.h"

namespace simclr::agent {

// Everything the agent knows about one trainer that it started, and the way to end it. Times are monotonic;
// nothing here blocks. Not thread-safe: belongs to the agent's thread.
class SupervisedRank {
 public:
  struct Options {
    absl::Duration silence = absl::Seconds(30);            // of a trainer: it is frozen
    absl::Duration kill_grace = absl::Seconds(5);          // from SIGTERM or SIGABRT to SIGKILL
    absl::Duration after_drain_grace = absl::Seconds(15);  // the same, for one that did not drain in time
    absl::Duration stuck_after = absl::Seconds(5);         // SIGKILL, a process is told to be stuck
  };

  // `start` is sent when the trainer says hello.
  SupervisedRank(const Options& options, v1::TrainerStart start, std::unique_ptr<TrainerHandle> process,
                 std::string log_path, std::optional<MemoryCgroup> memory_before, TrainerLink& link,
                 absl::Duration now);

  // What the trainer says; metrics and checkpoints are the agent's business.
  void OnReport(const v1::TrainerReport& report, absl::Duration now);
  void Run(const v1::DesiredRank& wanted, absl::Duration now);
  void Drain(absl::Duration grace, absl::Duration now);
  void Kill(KilledFor reason, const std::string& detail, absl::Duration now);
  // Judges hangs, ends the drain's grace, sends the second signal, sees whom the kernel does not let go.
  // `away_since`: the coordinator is.
  void Tick(absl::Duration now, std::optional<absl::Duration> away_since = std::nullopt);
  void Excuse(absl::Duration now) { watch_.Excuse(now); }

  // The stream of its reports is at its end.
  void OnDetached() { detached_ = true; }
  // How it ended, once its last reports are in too (or were waited for long enough); nullopt before.
  std::optional<ProcessExit> Ended(absl::Duration now);
  // Whether trainer or agent know why it ended so; else its log is asked.
  bool Explains(const ProcessExit& exit) const;
  // The report of an ended trainer, without worker, incarnation and time. `how` is what its log told, where
  // it was asked and answered.
  v1::ReportExitRequest DescribeExit(const ProcessExit& exit, const std::optional<std::string>& how) const;

  const RankKey& key() const { return key_; }
  const std::string& log_path() const { return log_path_; }
  // At its start.
  const std::optional<MemoryCgroup>& memory_before() const { return memory_before_; }
  v1::Activity activity() const { return observed_.activity(); }
  LiveRank live() const;
  v1::ObservedRank Observed(absl::Duration now) const;

 private:
  void OnHello(const v1::TrainerHello& hello, absl::Duration now);
  void SendOrders();
  void NoteStuck(absl::Duration now);

  const Options options_;
  const RankKey key_;
  const v1::TrainerStart start_;
  const std::unique_ptr<TrainerHandle> process_;
  const std::string log_path_;
  const std::optional<MemoryCgroup> memory_before_;
  TrainerLink& link_;
  HangWatch watch_;

  // Orders: wanted, and how many of them the trainer got.
  bool attached_ = false;
  bool detached_ = false;
  bool start_sent_ = false;
  std::optional<v1::TrainerRun> run_;
  bool run_sent_ = false;
  std::optional<v1::TrainerDrain> drain_;
  bool drain_sent_ = false;

  // The way to its end.
  std::optional<absl::Duration> drain_deadline_;
  KilledFor killed_ = KilledFor::kNothing;
  std::string kill_detail_;
  std::optional<absl::Duration> force_at_;  // SIGKILL
  std::optional<absl::Duration> forced_at_;
  absl::Duration stuck_seen_ = -absl::InfiniteDuration();
  std::optional<absl::Duration> exit_seen_;

  v1::ObservedRank observed_;  // without the durations
  std::optional<v1::TrainerEnd> end_;
};

}  // namespace simclr::agent
