#include "tests/simulation/model_agent.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/protocol.h"
#include "common/base/session_refusal.h"
#include "common/job/proto_time.h"

namespace simclr::simulation {
namespace {

constexpr absl::Duration kHeartbeat = absl::Seconds(2);
constexpr absl::Duration kBroken = absl::Seconds(20);  // a stream without an answer
constexpr absl::Duration kOrphan = absl::Seconds(60);  // without a coordinator, then the trainers end

}  // namespace

ModelAgent::ModelAgent(const Surroundings& world, int host, std::string name, int slots)
    : world_(world),
      host_(host),
      name_(std::move(name)),
      usable_(static_cast<std::size_t>(slots), true),
      failing_(usable_.size()),
      outbox_(world, host) {
  StartProcess();
}

void ModelAgent::StartProcess() {
  up_ = true;
  nonce_ = world_.dice.Bits() | 1;
  sequence_ = 0;
  session_ = 0;
  epoch_ = -1;
  replaced_ = leaving_ = false;
  gate_ = agent::DesiredGate(gate_.cluster_id());
  desired_.Clear();
  ended_.clear();
  beat_at_ = quiet_until_ = world_.clock.Monotonic();
  outbox_.Start();
  orphan_since_ = world_.clock.Monotonic();
}

void ModelAgent::StopProcess() {
  // Of some trainers the next process finds out how they ended.
  while (!trainers_.empty()) {
    End(trainers_.back().live.key, v1::FAILURE_CLASS_CRASH, -1, world_.dice.Chance(0.5));
  }
  world_.network.Send(host_, Direction::kUp,
                      [this, session = session()] { world_.server.EndSession(session); });
  outbox_.Stop();
  up_ = false;
}

std::function<void()> ModelAgent::IfSameProcess(std::function<void()> what) {
  return [this, nonce = nonce_, what = std::move(what)] {
    if (up_ && nonce == nonce_) what();
  };
}

void ModelAgent::Act() {
  if (!up_) return;
  const absl::Duration now = world_.clock.Monotonic();
  for (std::size_t i = trainers_.size(); i-- > 0;) {
    if (trainers_[i].dies_at <= now) End(trainers_[i].live.key, v1::FAILURE_CLASS_CANCELLED, -1);
  }
  if (replaced_) return;
  ReconcileAll();
  if (now - orphan_since_ > kOrphan || leaving_) {
    while (!trainers_.empty()) End(trainers_.back().live.key, v1::FAILURE_CLASS_DRAINED, 10);
  }
  outbox_.Run();
  if (now >= beat_at_ && now >= quiet_until_ && outbox_.settled()) Beat();
}

v1::Observed ModelAgent::Report() const {
  const absl::Duration now = world_.clock.Monotonic();
  v1::Observed observed;
  observed.set_worker(name_);
  observed.set_protocol(kProtocol);
  observed.set_nonce(nonce_);
  observed.set_incarnation(gate_.incarnation());
  observed.set_cluster_id(gate_.cluster_id());
  observed.set_seen_term(gate_.term());
  observed.set_sequence(sequence_ + 1);
  observed.set_address(absl::StrCat("10.0.0.", host_));
  observed.set_leaving(left());
  observed.set_build(build_);
  for (int i = 0; i < slots(); ++i) {
    v1::Slot& slot = *observed.add_slots();
    slot.set_index(i);
    slot.set_device(v1::DEVICE_CPU);
    slot.set_usable(usable_[static_cast<std::size_t>(i)]);
  }
  for (const ModelTrainer& trainer : trainers_) {
    v1::ObservedRank& rank = *observed.add_ranks();
    rank.set_job_id(trainer.live.key.job_id);
    rank.set_attempt(trainer.live.key.attempt);
    rank.set_rank(trainer.live.key.rank);
    rank.set_nonce(trainer.live.key.nonce);
    rank.set_slot(trainer.live.slot);
    rank.set_activity(trainer.activity);
    rank.set_step(trainer.step);
    rank.set_total_steps(trainer.total_steps);
    rank.set_started(trainer.started);
    rank.set_resumed_from_step(trainer.resumed_from);
    if (trainer.live.key.rank == 0) rank.set_store_endpoint(absl::StrCat("10.0.0.", host_, ":29500"));
    *rank.mutable_since_progress() = ToProto(now - trainer.progress_at);
    *rank.mutable_since_report() = ToProto(now - trainer.report_at);
    rank.set_precision("fp32");
  }
  return observed;
}

// A stream that nobody answers is given up, and the coordinator hears of it some time.
void ModelAgent::Connect() {
  const absl::Duration now = world_.clock.Monotonic();
  const bool broken = epoch_ != world_.server.epoch() || now - heard_at_ > kBroken;
  if (!broken) return;
  if (session_ > 0) {
    world_.network.Send(host_, Direction::kUp, [this, old = session()] { world_.server.EndSession(old); });
  }
  ++session_;
  epoch_ = world_.server.epoch();
  heard_at_ = now;
  gate_.OnSession();
  outbox_.Nudge();
}

void ModelAgent::Beat() {
  Connect();
  beat_at_ = world_.clock.Monotonic() + kHeartbeat;
  v1::Observed observed = Report();
  observed.set_quiet(beat_at_ - kHeartbeat - heard_at_ < kQuietFor);
  ++sequence_;
  const Server::Answer answer = [this, session = session()](absl::StatusOr<v1::Desired> given) {
    world_.network.Send(host_, Direction::kDown, IfSameProcess([this, session, given = std::move(given)] {
                          if (session == this->session()) OnAnswer(given);
                        }));
  };
  world_.network.Send(host_, Direction::kUp, [this, observed, answer, session = session()] {
    world_.server.Observe(session, observed, answer);
  });
}

void ModelAgent::OnAnswer(const absl::StatusOr<v1::Desired>& answer) {
  heard_at_ = world_.clock.Monotonic();
  if (answer.ok()) return OnDesired(*answer);
  epoch_ = -1;  // the session is over
  const std::optional<SessionRefusal> refusal = SessionRefusalOf(answer.status());
  quiet_until_ = world_.clock.Monotonic() + world_.dice.Between(absl::Seconds(1), absl::Seconds(4));
  if (refusal == SessionRefusal::kNameTaken) ++world_.tally.refusals["name taken"];
  if (refusal == SessionRefusal::kReplaced) {
    ++world_.tally.refusals["replaced"];
    replaced_ = true;
    for (ModelTrainer& trainer : trainers_) trainer.dies_at = world_.clock.Monotonic();
  }
}

void ModelAgent::OnDesired(const v1::Desired& desired) {
  if (!gate_.Admit(desired).ok()) {
    ++world_.tally.refusals["orders not obeyed"];
    return;
  }
  orphan_since_ = world_.clock.Monotonic();
  desired_ = desired;
  std::set<agent::RankKey> wanted;
  for (const v1::DesiredRank& rank : desired.ranks()) wanted.insert(agent::KeyOf(rank));
  std::erase_if(ended_, [&](const agent::RankKey& key) { return wanted.count(key) == 0; });
  ReconcileAll();
}

void ModelAgent::ReconcileAll() {
  std::vector<agent::LiveRank> live;
  for (const ModelTrainer& trainer : trainers_) live.push_back(trainer.live);
  for (const agent::Action& action : agent::Reconcile(desired_, live, ended_)) {
    if (action.kind == agent::ActionKind::kStart) {
      if (!leaving_) Start(action.wanted);
      continue;
    }
    for (ModelTrainer& trainer : trainers_) {
      if (trainer.live.key != action.key) continue;
      if (action.kind == agent::ActionKind::kRun) trainer.live.has_run = true;
      if (action.kind == agent::ActionKind::kRun) trainer.wanted = action.wanted;
      if (action.kind != agent::ActionKind::kKill) continue;
      trainer.live.being_killed = true;
      const int slow = world_.dice.Chance(0.1) ? 20 : 2;
      trainer.dies_at = world_.clock.Monotonic() + absl::Seconds(world_.dice.Between(0, slow));
    }
  }
}

void ModelAgent::Start(const v1::DesiredRank& wanted) {
  ModelTrainer& trainer = trainers_.emplace_back();
  trainer.live.key = agent::KeyOf(wanted);
  trainer.live.slot = wanted.slot();
  trainer.live.has_run = !wanted.store_endpoint().empty();
  trainer.wanted = wanted;
  trainer.total_steps = 6 + static_cast<std::int64_t>(std::hash<std::string>()(wanted.job_id()) % 20);
  trainer.progress_at = trainer.report_at = world_.clock.Monotonic();
  beat_at_ = world_.clock.Monotonic();
  if (build_ == wanted.build()) return;
  ++world_.tally.refusals["another build"];
  End(agent::KeyOf(wanted), v1::FAILURE_CLASS_BUILD_DIFFERS, -1);
}

}  // namespace simclr::simulation
