#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "simclr/v1/trainer_service.pb.h"
#include "simclr/v1/worker_service.pb.h"
#include "worker/agent/agent_view.h"
#include "worker/agent/coordinator_client.h"
#include "worker/agent/desired_gate.h"
#include "worker/agent/outbox.h"
#include "worker/agent/reconcile.h"
#include "worker/agent/reports.h"
#include "worker/agent/slots.h"
#include "worker/agent/supervised_rank.h"
#include "worker/agent/trainer_figures.h"
#include "worker/agent/trainer_handle.h"

namespace simclr::agent {

// Inside the agent's directory.
inline constexpr char kClusterIdName[] = "cluster_id";
inline constexpr char kTrainersName[] = "trainers";

struct AgentOptions {
  std::string worker;
  std::uint64_t nonce = 0;  // random, of this process: what a coordinator knows it by before it has a number
  int pid = 0;              // of this process, for people
  std::string version;
  std::string cluster_id;  // that the directory belongs to; empty: the first cluster that speaks
  std::string address;     // under which trainers are reached by their peers
  std::string directory;   // the agent's own
  std::string artifact_root;
  std::vector<std::string> data_roots;
  std::function<std::string()> build;  // of the trainer program, as it is now; null or empty: not known
  int threads_per_slot = 1;
  std::int64_t cache_bytes = 0;  // of one trainer

  absl::Duration heartbeat = absl::Seconds(2);
  absl::Duration metrics_interval = absl::Seconds(1);
  absl::Duration slots_interval = absl::Seconds(5);
  absl::Duration orphan_limit =
      absl::Seconds(600);  // without the coordinator, before the trainers are drained
  absl::Duration own_drain_grace = absl::Seconds(30);  // of drains that the agent decides on
  SupervisedRank::Options ranks;
};

// What the agent works with; all outlive it.
struct AgentParts {
  const Clock& clock;
  FileSystem& files;
  SlotProbe& slots;
  TrainerLauncher& launcher;
  TrainerLink& link;
  CoordinatorClient& coordinator;
  Outbox& outbox;
};

// The state of one node and every decision about it: what runs here, what should, and what the coordinator
// has to be told. All facts come in by the On... methods; Tick does what time demands and is called every
// tenth of a second. Not thread-safe: one thread owns it.
class Agent {
 public:
  Agent(AgentOptions options, const AgentParts& parts);

  void OnDesired(const v1::Desired& desired);
  void OnConnection(bool connected);
  // The coordinator does not take the session. Only a replaced agent ends its trainers, at once and for good;
  // otherwise they run on until the orphan limit.
  void OnRefused(const absl::Status& refusal);
  void OnTrainerReport(const RankKey& key, const v1::TrainerReport& report);
  void OnTrainerDetached(const RankKey& key);
  void Tick();

  // Takes no more work and drains what runs: `drained` once no trainer is here any more, `left` once the
  // coordinator was told so, which it is after the ends of all trainers.
  void Leave();
  bool drained() const { return leaving_ && ranks_.empty(); }
  bool left() const { return left_ || (replaced_ && ranks_.empty()); }

  bool connected() const { return connected_; }
  // Another process has this agent's name: it has nothing left to do.
  bool replaced() const { return replaced_; }
  // What the coordinator said when it refused the session last; OK since it took one.
  const absl::Status& refusal() const { return refusal_; }
  // Which of the processes of its name this is; 0 before the coordinator said so.
  std::uint64_t incarnation() const { return gate_.incarnation(); }
  std::vector<FollowedLog> Followed() const;
  // Copies the figures of all trainers: for scrapes, not for every round.
  AgentView View() const;

 private:
  using Ranks = std::map<RankKey, SupervisedRank>;

  bool Admit(const v1::Desired& desired);
  void Obey(const Action& action, absl::Duration now);
  void ReconcileAll(absl::Duration now);
  absl::Status StartRank(const v1::DesiredRank& wanted, absl::Duration now);
  void RefuseRank(const v1::DesiredRank& wanted, const absl::Status& cause);
  void CollectEnded(absl::Duration now);
  void ReportEnd(SupervisedRank& rank, const ProcessExit& exit, absl::Duration now);
  void DrainOrphans(absl::Duration now);
  void ProbeSlots(absl::Duration now);
  void SendObserved(absl::Duration now);
  bool CanLeave() const { return drained() && reports_.waiting() == 0; }
  v1::Observed Observed(absl::Duration now) const;
  std::string DirectoryOf(const RankKey& key) const;

  const AgentOptions options_;
  const AgentParts parts_;

  Reports reports_;
  DesiredGate gate_;
  v1::Desired desired_;      // the newest that was admitted
  Ranks ranks_;              // one entry a live trainer
  std::set<RankKey> ended_;  // ran here, and still in desired_
  std::vector<v1::Slot> slots_;
  TrainerFigures figures_;
  std::optional<absl::Time> last_ack_;
  absl::Duration heard_at_ = -absl::InfiniteDuration();  // of orders that were obeyed in this session

  bool connected_ = false;
  bool leaving_ = false;
  bool left_ = false;
  bool replaced_ = false;
  absl::Status refusal_;
  bool orphans_drained_ = false;
  bool changed_ = true;  // something the coordinator should know at once
  absl::Duration disconnected_since_;
  absl::Duration last_alarm_ = -absl::InfiniteDuration();  // of a second coordinator
  absl::Duration last_tick_;
  absl::Duration last_observed_ = -absl::InfiniteDuration();
  absl::Duration last_probe_ = -absl::InfiniteDuration();
  absl::Duration last_flush_ = -absl::InfiniteDuration();
};

}  // namespace simclr::agent
