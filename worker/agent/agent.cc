#include "worker/agent/agent.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/logging.h"
#include "common/base/protocol.h"
#include "common/base/session_refusal.h"
#include "common/base/status_macros.h"
#include "common/job/enum_word.h"
#include "common/job/proto_time.h"

namespace simclr::agent {
namespace {

// A longer pause between two ticks means that the agent itself stood still.
constexpr absl::Duration kPause = absl::Seconds(5);
// Between two words about a fault that each Desired shows again.
constexpr absl::Duration kAlarmInterval = absl::Minutes(1);

bool MattersAtOnce(const v1::TrainerReport& report) {
  return report.has_hello() || report.has_store_endpoint() || report.has_started();
}

bool IsCheckpoint(v1::Activity activity) {
  return activity == v1::ACTIVITY_CHECKPOINT || activity == v1::ACTIVITY_SAVING;
}

}  // namespace

Agent::Agent(AgentOptions options, const AgentParts& parts)
    : options_(std::move(options)),
      parts_(parts),
      reports_(options_.worker, parts.clock, parts.outbox),
      gate_(options_.cluster_id),
      disconnected_since_(parts.clock.Monotonic()),
      last_tick_(parts.clock.Monotonic()) {}

void Agent::OnDesired(const v1::Desired& desired) {
  const std::string known_cluster = gate_.cluster_id();
  const std::uint64_t known_incarnation = gate_.incarnation();
  if (replaced_ || !Admit(desired)) return;
  last_ack_ = parts_.clock.Now();
  heard_at_ = parts_.clock.Monotonic();
  changed_ |= known_incarnation != gate_.incarnation();
  reports_.set_incarnation(gate_.incarnation());
  if (known_cluster != gate_.cluster_id()) {
    const absl::Status kept =
        WriteAtomically(parts_.files, JoinPath(options_.directory, kClusterIdName), gate_.cluster_id());
    if (!kept.ok()) LogWarning("cluster id is not kept", {{"cause", kept.ToString()}});
  }
  desired_ = desired;
  std::set<RankKey> wanted;
  for (const v1::DesiredRank& rank : desired.ranks()) wanted.insert(KeyOf(rank));
  std::erase_if(ended_, [&](const RankKey& key) { return !wanted.contains(key); });
  ReconcileAll(parts_.clock.Monotonic());
}

bool Agent::Admit(const v1::Desired& desired) {
  const std::int64_t known_conflicts = gate_.conflicts();
  const absl::Status admitted = gate_.Admit(desired);
  if (admitted.ok()) return true;
  const absl::Duration now = parts_.clock.Monotonic();
  const bool conflict = gate_.conflicts() != known_conflicts;
  if (!conflict) {
    LogWarning("orders are not obeyed", {{"cause", admitted.ToString()}});
  } else if (now - last_alarm_ >= kAlarmInterval) {
    LogError("two coordinators give orders", {{"cause", admitted.ToString()}});
    last_alarm_ = now;
  }
  return false;
}

void Agent::OnConnection(bool connected) {
  connected_ = connected;
  if (connected) {
    gate_.OnSession();
    heard_at_ = -absl::InfiniteDuration();
    refusal_ = absl::OkStatus();
    orphans_drained_ = false;
    reports_.Nudge();
  } else {
    disconnected_since_ = parts_.clock.Monotonic();
  }
}

void Agent::OnRefused(const absl::Status& refusal) {
  refusal_ = refusal;
  if (SessionRefusalOf(refusal) != SessionRefusal::kReplaced || std::exchange(replaced_, true)) return;
  LogError("another process has the name of this agent: ending all trainers",
           {{"worker", options_.worker}, {"cause", std::string(refusal.message())}});
  desired_.Clear();
  ReconcileAll(parts_.clock.Monotonic());
}

void Agent::OnTrainerReport(const RankKey& key, const v1::TrainerReport& report) {
  const auto rank = ranks_.find(key);
  if (rank == ranks_.end()) return;
  rank->second.OnReport(report, parts_.clock.Monotonic());
  figures_.OnReport(key, report, parts_.clock.Now());
  // Every rank measures the same steps; one curve a job is enough for the coordinator.
  if (report.has_metrics() && key.rank == 0) {
    v1::StepMetrics metrics = report.metrics();
    metrics.set_attempt(key.attempt);
    reports_.AddMetrics(key, std::move(metrics));
  }
  if (report.has_checkpoint()) reports_.AddCheckpoint(key, report.checkpoint());
  changed_ |= MattersAtOnce(report);
}

void Agent::OnTrainerDetached(const RankKey& key) {
  if (const auto rank = ranks_.find(key); rank != ranks_.end()) rank->second.OnDetached();
}

void Agent::Tick() {
  const absl::Duration now = parts_.clock.Monotonic();
  if (now - last_tick_ > kPause) {
    for (auto& [key, rank] : ranks_) rank.Excuse(now);
  }
  last_tick_ = now;
  std::optional<absl::Duration> away_since;
  if (!connected_) away_since = disconnected_since_;
  for (auto& [key, rank] : ranks_) rank.Tick(now, away_since);
  CollectEnded(now);
  figures_.Forget(now);
  DrainOrphans(now);
  ProbeSlots(now);
  ReconcileAll(now);
  if (now - last_flush_ >= options_.metrics_interval) {
    reports_.Flush();
    last_flush_ = now;
  }
  changed_ |= CanLeave() && !left_;
  if (changed_ || now - last_observed_ >= options_.heartbeat) SendObserved(now);
}

void Agent::Leave() {
  if (std::exchange(leaving_, true)) return;
  changed_ = true;
  last_probe_ = -absl::InfiniteDuration();
  for (auto& [key, rank] : ranks_) {
    if (!rank.live().draining) rank.Drain(options_.own_drain_grace, parts_.clock.Monotonic());
  }
}

void Agent::ReconcileAll(absl::Duration now) {
  std::vector<LiveRank> live;
  for (const auto& [key, rank] : ranks_) live.push_back(rank.live());
  for (const Action& action : Reconcile(desired_, live, ended_)) Obey(action, now);
}

void Agent::Obey(const Action& action, absl::Duration now) {
  switch (action.kind) {
    case ActionKind::kStart: {
      if (leaving_) break;
      const absl::Status started = StartRank(action.wanted, now);
      if (!started.ok()) RefuseRank(action.wanted, started);
      break;
    }
    case ActionKind::kRun:
      ranks_.at(action.key).Run(action.wanted, now);
      break;
    case ActionKind::kDrain:
      ranks_.at(action.key).Drain(FromProto(action.wanted.grace()), now);
      break;
    case ActionKind::kKill:
      ranks_.at(action.key).Kill(KilledFor::kUnwanted, "no longer wanted here", now);
      break;
  }
}

absl::Status Agent::StartRank(const v1::DesiredRank& wanted, absl::Duration now) {
  const auto index = static_cast<std::size_t>(wanted.slot());
  if (index >= slots_.size()) {
    return absl::FailedPreconditionError(
        absl::StrCat("worker ", options_.worker, " has ", slots_.size(), " slots, no slot ", wanted.slot()));
  }
  const v1::Slot& slot = slots_[index];
  if (!slot.usable()) {
    return absl::FailedPreconditionError(
        absl::StrCat("slot ", index, " is not usable: ", slot.unusable_reason()));
  }
  const RankKey key = KeyOf(wanted);
  const LaunchRequest request{key, slot, options_.threads_per_slot, DirectoryOf(key)};
  SIMCLR_ASSIGN_OR_RETURN(std::unique_ptr<TrainerHandle> process, parts_.launcher.Launch(request));
  LogInfo("trainer started", {{"job", key.job_id},
                              {"attempt", absl::StrCat(key.attempt)},
                              {"rank", absl::StrCat(key.rank)},
                              {"pid", absl::StrCat(process->pid())}});
  v1::TrainerStart start;
  *start.mutable_rank() = wanted;
  start.set_artifact_root(options_.artifact_root);
  start.set_device(slot.device());
  start.set_threads(options_.threads_per_slot);
  start.set_address(options_.address);
  start.set_cache_bytes(options_.cache_bytes);
  for (const std::string& root : options_.data_roots) start.add_data_roots(root);
  ranks_.try_emplace(key, options_.ranks, std::move(start), std::move(process),
                     JoinPath(request.directory, kLogName), parts_.link, now);
  figures_.OnStart(wanted);
  changed_ = true;
  return absl::OkStatus();
}

void Agent::RefuseRank(const v1::DesiredRank& wanted, const absl::Status& cause) {
  LogError("trainer cannot be started", {{"job", wanted.job_id()}, {"cause", cause.ToString()}});
  v1::ReportExitRequest exit;
  exit.set_job_id(wanted.job_id());
  exit.set_attempt(wanted.attempt());
  exit.set_rank(wanted.rank());
  exit.set_nonce(wanted.nonce());
  // Of this node rather than of the job: another node may be able to.
  exit.set_failure(absl::IsResourceExhausted(cause) ? v1::FAILURE_CLASS_RESOURCE
                                                    : v1::FAILURE_CLASS_HARDWARE);
  exit.set_exit_code(-1);
  exit.set_message(std::string(cause.message()));
  reports_.AddExit(std::move(exit));
  ended_.insert(KeyOf(wanted));
}

void Agent::CollectEnded(absl::Duration now) {
  for (auto entry = ranks_.begin(); entry != ranks_.end();) {
    const std::optional<ProcessExit> exit = entry->second.Ended(now);
    if (!exit.has_value()) {
      ++entry;
      continue;
    }
    ReportEnd(entry->second, *exit, now);
    ended_.insert(entry->first);
    entry = ranks_.erase(entry);
    changed_ = true;
    last_probe_ = -absl::InfiniteDuration();
  }
}

void Agent::ReportEnd(SupervisedRank& rank, const ProcessExit& exit, absl::Duration now) {
  const RankKey& key = rank.key();
  v1::ReportExitRequest report = rank.DescribeExit(exit);
  LogInfo("trainer ended", {{"job", key.job_id},
                            {"attempt", absl::StrCat(key.attempt)},
                            {"rank", absl::StrCat(key.rank)},
                            {"class", EnumWord(report.failure())},
                            {"code", absl::StrCat(exit.code)},
                            {"signal", absl::StrCat(exit.signal)},
                            {"step", absl::StrCat(report.step())}});
  figures_.OnExit(report, IsCheckpoint(rank.activity()), now);
  // The log is in place before anybody hears of the end.
  const std::string job_directory = JoinPath(options_.artifact_root, key.job_id);
  const absl::Status copied =
      rank.log().CopyTo(JoinPath(job_directory, absl::StrCat("logs/", FileStem(key), ".log")));
  if (!copied.ok()) LogWarning("log is not kept", {{"job", key.job_id}, {"cause", copied.ToString()}});
  reports_.AddExit(std::move(report));
  parts_.files.RemoveAll(DirectoryOf(key)).IgnoreError();
}

void Agent::DrainOrphans(absl::Duration now) {
  if (connected_ || orphans_drained_ || ranks_.empty() || now - disconnected_since_ < options_.orphan_limit)
    return;
  orphans_drained_ = true;
  LogWarning("no coordinator for too long: draining all trainers",
             {{"limit", absl::FormatDuration(options_.orphan_limit)}});
  for (auto& [key, rank] : ranks_) {
    if (!rank.live().draining) rank.Drain(options_.own_drain_grace, now);
  }
}

void Agent::ProbeSlots(absl::Duration now) {
  if (now - last_probe_ < options_.slots_interval) return;
  last_probe_ = now;
  std::set<int> held;
  for (const auto& [key, rank] : ranks_) held.insert(rank.live().slot);
  slots_ = parts_.slots.Probe(held);
  if (!leaving_) return;
  for (v1::Slot& slot : slots_) {
    slot.set_usable(false);
    slot.set_unusable_reason("the agent is shutting down");
  }
}

void Agent::SendObserved(absl::Duration now) {
  v1::Observed observed = Observed(now);
  observed.set_quiet(now - heard_at_ < kQuietFor);
  parts_.coordinator.SendObserved(observed);
  left_ = observed.leaving();
  last_observed_ = now;
  changed_ = false;
}

std::string Agent::DirectoryOf(const RankKey& key) const {
  return JoinPath(options_.directory, absl::StrCat(kTrainersName, "/", key.job_id, "-", FileStem(key)));
}

}  // namespace simclr::agent
