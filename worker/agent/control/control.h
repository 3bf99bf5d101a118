#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "simclr/v1/trainer_service.pb.h"
#include "simclr/v1/worker_service.pb.h"
#include "worker/agent/archive/archive.h"
#include "worker/agent/base/coordinator_client.h"
#include "worker/agent/base/part.h"
#include "worker/agent/base/trainer_handle.h"
#include "worker/agent/control/agent_view.h"
#include "worker/agent/control/desired_gate.h"
#include "worker/agent/control/mailbox.h"
#include "worker/agent/control/reconcile.h"
#include "worker/agent/control/reports.h"
#include "worker/agent/control/supervised_rank.h"
#include "worker/agent/control/trainer_figures.h"
#include "worker/agent/files/files.h"
#include "worker/agent/files/leftovers.h"
#include "worker/agent/launcher/launcher.h"
#include "worker/agent/logs/log_reader.h"
#include "worker/agent/outbox/outbox.h"
#include "worker/agent/probes/probes.h"

namespace simclr::agent {

// Inside the agent's directory.
inline constexpr char kClusterIdName[] = "cluster_id";
inline constexpr char kTrainersName[] = "trainers";
inline constexpr char kSpoolName[] = "spool";

struct ControlOptions {
  std::string worker;
  std::uint64_t nonce = 0;  // random, of this process: what a coordinator knows it by before it has a number
  int pid = 0;              // of this process, for people
  std::string version;
  std::string cluster_id;  // that the directory belongs to; empty: the first cluster that speaks
  std::string address;     // under which trainers are reached by their peers
  std::string directory;   // the agent's own
  std::string artifact_root;
  std::vector<std::string> data_roots;
  int threads_per_slot = 1;
  std::int64_t cache_bytes = 0;  // of one trainer

  absl::Duration turn = absl::Milliseconds(100);  // between two looks around where nothing happens
  absl::Duration heartbeat = absl::Seconds(2);
  absl::Duration metrics_interval = absl::Seconds(1);
  absl::Duration orphan_limit =
      absl::Seconds(600);  // without the coordinator, before the trainers are drained
  absl::Duration own_drain_grace = absl::Seconds(30);  // of drains that the agent decides on
  absl::Duration explain_limit = absl::Seconds(2);     // for the end of a log, before an exit is told without
  absl::Duration blocked_limit = absl::Seconds(5);     // after which a call without an answer is told
  SupervisedRank::Options ranks;
  // Trainers of an earlier agent that it could not end: they hold their slots until they are gone.
  std::vector<Leftover> leftovers;
  // The build of the trainer program as it is now, empty where it does not say; null: not known. No session
  // begins before `build_asked`, where there is one.
  std::function<std::string()> build;
  std::function<bool()> build_asked;
  // Called on the control thread with each number that the coordinator gives.
  std::function<void(std::uint64_t)> on_incarnation;
};

// The other parts; all outlive the control.
struct ControlParts {
  const Clock& clock;
  CoordinatorClient& coordinator;
  TrainerLink& link;
  Launcher& launcher;
  Files& files;
  Archive& archive;
  Probes& probes;
  Outbox& outbox;
  LogReader& logs;
};

// What other threads may know of the control.
struct ControlStatus {
  absl::Duration turned_at;  // last, by the monotonic clock
  bool connected = false;
  absl::Status refusal;   // what the coordinator said when it refused the session last; OK since it took one
  bool replaced = false;  // another process has this agent's name: it has nothing left to do
  bool drained = false;   // it is leaving, and no trainer is here any more
  bool left = false;      // and the coordinator was told so
};

// The part that decides: session, reconciliation, verdicts, signals. It touches memory alone: whatever may
// wait for a disk, a driver or the network is asked of another part, and its answer comes back by Post. The
// facts (On...) and RunOnce are for one thread; Post and what reads the status are thread-safe.
class Control : public Part {
 public:
  Control(ControlOptions options, const ControlParts& parts);

  // Has the control's thread do something, soon.
  void Post(std::function<void()> work);

  void OnDesired(const v1::Desired& desired);
  void OnConnection(bool connected);
  // The coordinator does not take the session. Only a replaced agent ends its trainers, at once and for good;
  // otherwise they run on until the orphan limit.
  void OnRefused(const absl::Status& refusal);
  void OnTrainerReport(const RankKey& key, const v1::TrainerReport& report);
  void OnTrainerDetached(const RankKey& key);
  void OnLaunched(Launched launched);
  void OnProbed(Probed probed);
  void OnExplained(const RankKey& key, std::string how_it_ended);
  void OnArchived(const Archived& archived);
  // Takes no more work and drains what runs; says good-bye once the ends of all trainers are told.
  void Leave();

  absl::Duration RunOnce(absl::Duration now) override;

  ControlStatus status() const;
  // Waits until the status is so, at most `limit`.
  bool Await(const std::function<bool(const ControlStatus&)>& so, absl::Duration limit) const;
  // Copies the figures of all trainers: for scrapes, not for every round. For the control's thread.
  AgentView View() const;

 private:
  using Ranks = std::map<RankKey, SupervisedRank>;
  // A trainer that is being started, and what it said before its start was known here.
  struct Launching {
    v1::DesiredRank wanted;
    v1::Slot slot;
    std::vector<v1::TrainerReport> reports;
    bool detached = false;
  };
  // A trainer that has ended, while its log is asked why.
  struct Ending {
    absl::Duration asked_at;
    std::optional<std::string> how;
  };

  void Turn(absl::Duration now);
  void StartSession();
  bool Admit(const v1::Desired& desired);
  void Obey(const Action& action, absl::Duration now);
  void ReconcileAll(absl::Duration now);
  absl::Status StartRank(const v1::DesiredRank& wanted);
  void RefuseRank(const v1::DesiredRank& wanted, const absl::Status& cause);
  v1::TrainerStart StartOf(const Launching& launching) const;
  void CollectEnded(absl::Duration now);
  // True once nothing more is to be waited for.
  bool IsExplained(const SupervisedRank& rank, const ProcessExit& exit, absl::Duration now);
  void ReportEnd(SupervisedRank& rank, const ProcessExit& exit, absl::Duration now);
  void ArchiveLog(ArchiveRequest request);
  void CollectLeftovers(absl::Duration now);
  void DrainOrphans(absl::Duration now);
  void SendObserved(absl::Duration now);
  void TellParts();
  void Publish(absl::Duration now);
  bool drained() const { return leaving_ && ranks_.empty() && launching_.empty(); }
  bool CanLeave() const { return left_ || (drained() && parts_.outbox.figures().facts == 0); }
  v1::Observed Observed(absl::Duration now) const;
  std::vector<v1::Slot> SlotsNow() const;
  std::vector<std::string> Troubles() const;
  std::map<std::string, absl::Duration> Blocked() const;
  std::map<RankKey, LocalLog> LocalLogs() const;
  std::string DirectoryOf(const RankKey& key) const;

  const ControlOptions options_;
  const ControlParts parts_;
  Mailbox mail_;

  Reports reports_;
  DesiredGate gate_;
  v1::Desired desired_;  // the newest that was admitted
  std::map<RankKey, Launching> launching_;
  Ranks ranks_;  // one entry a live trainer
  std::map<RankKey, Ending> endings_;
  std::set<RankKey> ended_;  // ran here, and still in desired_
  std::vector<Leftover> leftovers_;
  std::map<RankKey, std::string> archiving_;  // paths of logs of ended ranks that are not archived yet
  std::optional<Probed> probed_;
  TrainerFigures figures_;
  std::optional<absl::Time> last_ack_;
  absl::Duration heard_at_ = -absl::InfiniteDuration();  // of orders that were obeyed in this session

  bool session_started_ = false;
  bool connected_ = false;
  bool leaving_ = false;
  bool left_ = false;
  bool replaced_ = false;
  absl::Status refusal_;
  bool orphans_drained_ = false;
  bool changed_ = true;  // something the coordinator should know at once
  absl::Duration disconnected_since_;
  absl::Duration last_alarm_ = -absl::InfiniteDuration();  // of a second coordinator
  absl::Duration last_turn_;
  absl::Duration last_observed_ = -absl::InfiniteDuration();
  absl::Duration last_flush_ = -absl::InfiniteDuration();
  absl::Duration leftovers_seen_ = -absl::InfiniteDuration();

  mutable absl::Mutex mutex_;
  ControlStatus status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simclr::agent
