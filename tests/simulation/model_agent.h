#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/model_outbox.h"
#include "tests/simulation/surroundings.h"
#include "worker/agent/control/desired_gate.h"
#include "worker/agent/control/reconcile.h"

namespace simclr::simulation {

struct ModelTrainer {
  agent::LiveRank live;
  v1::DesiredRank wanted;
  bool started = false;
  bool frozen = false;
  int straggles = 0;  // rounds in which it makes no step
  std::int64_t step = 0;
  std::int64_t resumed_from = 0;
  std::int64_t total_steps = 0;
  v1::Activity activity = v1::ACTIVITY_INIT;
  absl::Duration progress_at;                         // step or activity changed
  absl::Duration report_at;                           // it said anything
  absl::Duration dies_at = absl::InfiniteDuration();  // of a kill
};

// An agent on a machine of its own, with the real decisions of reconcile and gate, the real outbox and the
// real spool, which outlives its processes; its trainers do not.
class ModelAgent {
 public:
  ModelAgent(const Surroundings& world, int host, std::string name, int slots);

  // A second of its life: what it says, hands in, and buries.
  void Act();

  void StopProcess();
  void StartProcess();
  void Leave() { leaving_ = true; }
  // Whatever trainer comes there until then ends by an error of the hardware.
  void FailSlot(int slot, absl::Duration until) { failing_[static_cast<std::size_t>(slot)] = until; }
  bool FailsJobs(int slot) const {
    return world_.clock.Monotonic() < failing_[static_cast<std::size_t>(slot)];
  }
  // The program of its trainers is another one from now on.
  void SwapBuild(const std::string& build) { build_ = build; }
  const std::string& build() const { return build_; }
  void BreakSlot(int slot, bool broken) { usable_[static_cast<std::size_t>(slot)] = !broken; }

  // A trainer ended; `reported` false: the agent never learns how.
  void End(const agent::RankKey& key, v1::FailureClass failure, int exit_code, bool reported = true);
  // Of the next step, in a draft; of this one. False: the trainer did not live to say so.
  void BeginSave(const ModelTrainer& trainer);
  bool Save(const ModelTrainer& trainer);
  void AddMetrics(const ModelTrainer& trainer);

  // What it would say next; for those who make odd messages of it.
  v1::Observed Report() const;
  const std::optional<v1::ReportExitRequest>& newest_exit() const { return outbox_.newest_exit(); }
  const std::optional<v1::CommitCheckpointRequest>& newest_commit() const { return outbox_.newest_commit(); }
  SessionId session() const { return {nonce_, session_, epoch_}; }

  bool up() const { return up_; }
  bool replaced() const { return replaced_; }
  bool left() const { return leaving_ && up_ && trainers_.empty() && !outbox_.has_facts(); }
  int host() const { return host_; }
  int slots() const { return static_cast<int>(usable_.size()); }
  const std::string& name() const { return name_; }
  std::vector<ModelTrainer>& trainers() { return trainers_; }

 private:
  void Beat();
  void Connect();
  void OnAnswer(const absl::StatusOr<v1::Desired>& answer);
  void OnDesired(const v1::Desired& desired);
  void ReconcileAll();
  void Start(const v1::DesiredRank& wanted);
  // Calls `what` unless this process is gone by then.
  std::function<void()> IfSameProcess(std::function<void()> what);

  Surroundings world_;
  const int host_;
  const std::string name_;
  std::vector<bool> usable_;
  std::vector<absl::Duration> failing_;  // until when, by slot
  std::string build_ = "old";

  // Of the process.
  bool up_ = false;
  std::uint64_t nonce_ = 0;
  std::int64_t sequence_ = 0;
  int session_ = 0, epoch_ = 0;
  absl::Duration beat_at_, heard_at_, quiet_until_, orphan_since_;
  bool replaced_ = false;
  bool leaving_ = false;
  agent::DesiredGate gate_{""};
  v1::Desired desired_;
  std::set<agent::RankKey> ended_;
  std::vector<ModelTrainer> trainers_;

  ModelOutbox outbox_;
};

}  // namespace simclr::simulation
