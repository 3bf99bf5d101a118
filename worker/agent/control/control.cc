#include "worker/agent/control/control.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/logging.h"
#include "common/base/protocol.h"
#include "common/base/session_refusal.h"
#include "common/job/enum_word.h"
#include "common/job/proto_time.h"

namespace simclr::agent {
namespace {

// A longer pause between two turns means that the agent itself stood still.
constexpr absl::Duration kPause = absl::Seconds(5);
// Between two words about a fault that each Desired shows again.
constexpr absl::Duration kAlarmInterval = absl::Minutes(1);

bool MattersAtOnce(const v1::TrainerReport& report) {
  return report.has_hello() || report.has_store_endpoint() || report.has_started();
}

}  // namespace

Control::Control(ControlOptions options, const ControlParts& parts)
    : options_(std::move(options)),
      parts_(parts),
      reports_(options_.worker, parts.clock, parts.outbox),
      gate_(options_.cluster_id),
      leftovers_(options_.leftovers),
      disconnected_since_(parts.clock.Monotonic()),
      last_turn_(parts.clock.Monotonic()) {
  Publish(parts.clock.Monotonic());
}

void Control::Post(std::function<void()> work) {
  if (!mail_.Post(std::move(work))) LogError("the agent's control has too much to do; a fact is lost");
  wake().Raise();
}

absl::Duration Control::RunOnce(absl::Duration now) {
  mail_.Drain();
  // What the mail told is dated by the clock, and must not lie ahead of this turn.
  const absl::Duration then = std::max(now, parts_.clock.Monotonic());
  Turn(then);
  Publish(then);
  return then + options_.turn;
}

void Control::Turn(absl::Duration now) {
  if (now - last_turn_ > kPause) {
    for (auto& [key, rank] : ranks_) rank.Excuse(now);
  }
  last_turn_ = now;
  std::optional<absl::Duration> away_since;
  if (!connected_) away_since = disconnected_since_;
  for (auto& [key, rank] : ranks_) rank.Tick(now, away_since);
  CollectEnded(now);
  CollectLeftovers(now);
  figures_.Forget(now);
  DrainOrphans(now);
  ReconcileAll(now);
  if (now - last_flush_ >= options_.metrics_interval) {
    reports_.Flush();
    last_flush_ = now;
  }
  TellParts();
  // What an earlier agent left behind is told in its name, before the coordinator hears of this one and ends
  // its attempts.
  const bool build_known = !options_.build_asked || options_.build_asked();
  if (!session_started_ && build_known && probed_.has_value() && parts_.outbox.settled()) StartSession();
  changed_ |= CanLeave() && !left_;
  if (changed_ || now - last_observed_ >= options_.heartbeat) SendObserved(now);
}

void Control::StartSession() {
  session_started_ = true;
  parts_.coordinator.StartSession(
      {[this](const v1::Desired& desired) { Post([this, desired] { OnDesired(desired); }); },
       [this](bool connected) { Post([this, connected] { OnConnection(connected); }); },
       [this](const absl::Status& refusal) { Post([this, refusal] { OnRefused(refusal); }); },
       [this](const v1::LogWanted& wanted) { parts_.logs.Ask(wanted); }});
}

void Control::TellParts() {
  std::set<int> held;
  std::vector<std::string> logs;
  for (const auto& [key, rank] : ranks_) {
    held.insert(rank.live().slot);
    logs.push_back(rank.log_path());
  }
  for (const auto& [key, launching] : launching_) held.insert(launching.wanted.slot());
  parts_.probes.SetHeld(std::move(held));
  parts_.files.SetLogs(std::move(logs));
  parts_.logs.SetLogs(LocalLogs());
}

void Control::OnDesired(const v1::Desired& desired) {
  const std::string known_cluster = gate_.cluster_id();
  const std::uint64_t known_incarnation = gate_.incarnation();
  if (replaced_ || !Admit(desired)) return;
  last_ack_ = parts_.clock.Now();
  heard_at_ = parts_.clock.Monotonic();
  if (known_incarnation != gate_.incarnation()) {
    changed_ = true;
    reports_.set_incarnation(gate_.incarnation());
    if (options_.on_incarnation) options_.on_incarnation(gate_.incarnation());
  }
  if (known_cluster != gate_.cluster_id()) {
    parts_.files.Write(JoinPath(options_.directory, kClusterIdName), gate_.cluster_id());
  }
  desired_ = desired;
  std::set<RankKey> wanted;
  for (const v1::DesiredRank& rank : desired.ranks()) wanted.insert(KeyOf(rank));
  std::erase_if(ended_, [&](const RankKey& key) { return !wanted.contains(key); });
  ReconcileAll(parts_.clock.Monotonic());
}

bool Control::Admit(const v1::Desired& desired) {
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

void Control::OnConnection(bool connected) {
  connected_ = connected;
  if (connected) {
    gate_.OnSession();
    heard_at_ = -absl::InfiniteDuration();
    refusal_ = absl::OkStatus();
    orphans_drained_ = false;
    parts_.outbox.Nudge();
  } else {
    disconnected_since_ = parts_.clock.Monotonic();
  }
}

void Control::OnRefused(const absl::Status& refusal) {
  refusal_ = refusal;
  if (SessionRefusalOf(refusal) != SessionRefusal::kReplaced || std::exchange(replaced_, true)) return;
  LogError("another process has the name of this agent: ending all trainers",
           {{"worker", options_.worker}, {"cause", std::string(refusal.message())}});
  desired_.Clear();
  ReconcileAll(parts_.clock.Monotonic());
}

void Control::OnTrainerReport(const RankKey& key, const v1::TrainerReport& report) {
  if (const auto launching = launching_.find(key); launching != launching_.end()) {
    launching->second.reports.push_back(report);
    return;
  }
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

void Control::OnTrainerDetached(const RankKey& key) {
  if (const auto launching = launching_.find(key); launching != launching_.end()) {
    launching->second.detached = true;
  }
  if (const auto rank = ranks_.find(key); rank != ranks_.end()) rank->second.OnDetached();
}

void Control::OnProbed(Probed probed) {
  changed_ |= !probed_.has_value();
  probed_ = std::move(probed);
}

void Control::Leave() {
  if (std::exchange(leaving_, true)) return;
  changed_ = true;
  for (auto& [key, rank] : ranks_) {
    if (!rank.live().draining) rank.Drain(options_.own_drain_grace, parts_.clock.Monotonic());
  }
}

void Control::ReconcileAll(absl::Duration now) {
  std::vector<LiveRank> live;
  for (const auto& [key, rank] : ranks_) live.push_back(rank.live());
  // What is being started can be told and ended only once it is there.
  for (const auto& [key, launching] : launching_) {
    live.push_back(
        {key, launching.wanted.slot(), /*has_run=*/true, /*draining=*/true, /*being_killed=*/true});
  }
  for (const Action& action : Reconcile(desired_, live, ended_)) Obey(action, now);
}

void Control::Obey(const Action& action, absl::Duration now) {
  switch (action.kind) {
    case ActionKind::kStart: {
      if (leaving_) break;
      const absl::Status started = StartRank(action.wanted);
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

void Control::DrainOrphans(absl::Duration now) {
  if (connected_ || orphans_drained_ || ranks_.empty() || now - disconnected_since_ < options_.orphan_limit)
    return;
  orphans_drained_ = true;
  LogWarning("no coordinator for too long: draining all trainers",
             {{"limit", absl::FormatDuration(options_.orphan_limit)}});
  for (auto& [key, rank] : ranks_) {
    if (!rank.live().draining) rank.Drain(options_.own_drain_grace, now);
  }
}

void Control::SendObserved(absl::Duration now) {
  if (!probed_.has_value()) return;  // its slots are not known yet
  v1::Observed observed = Observed(now);
  observed.set_quiet(now - heard_at_ < kQuietFor);
  parts_.coordinator.SendObserved(observed);
  left_ = observed.leaving();
  last_observed_ = now;
  changed_ = false;
}

void Control::Publish(absl::Duration now) {
  const ControlStatus status = {now,       connected_, refusal_,
                                replaced_, drained(),  left_ || (replaced_ && ranks_.empty())};
  absl::MutexLock lock(&mutex_);
  status_ = status;
}

ControlStatus Control::status() const {
  absl::MutexLock lock(&mutex_);
  return status_;
}

bool Control::Await(const std::function<bool(const ControlStatus&)>& so, absl::Duration limit) const {
  absl::MutexLock lock(&mutex_);
  const auto holds = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return so(status_); };
  return mutex_.AwaitWithTimeout(absl::Condition(&holds), limit);
}

}  // namespace simclr::agent
