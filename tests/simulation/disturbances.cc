// History: what goes wrong.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/simulation/door.h"
#include "tests/simulation/history.h"

namespace simclr::simulation {
namespace {

constexpr int kOpenJobs = 7;

}  // namespace

void History::Disturb() {
  Mend();
  if (users_.open_jobs() < kOpenJobs && dice_.Chance(0.1)) users_.Submit();
  if (dice_.Chance(0.01)) users_.CancelAny();
  if (dice_.Chance(0.03)) users_.Delete();
  if (dice_.Chance(0.005)) users_.Prune();
  if (dice_.Chance(0.02)) server_.Snapshot();
  if (dice_.Chance(0.005)) server_.Backup();
  if (dice_.Chance(0.02)) DisturbNetwork();
  if (dice_.Chance(0.02)) DisturbCoordinator();
  if (dice_.Chance(0.02)) DisturbDisk();
  if (dice_.Chance(0.01)) DisturbClock();
  if (dice_.Chance(0.03)) DisturbAgents();
  if (dice_.Chance(0.03)) DisturbStorage();
  if (dice_.Chance(0.05)) SendOddMessage();
}

void History::Mend() {
  const absl::Duration now = clock_.Monotonic();
  if (!server_.up() && now >= down_until_) {
    if (down_until_ == absl::ZeroDuration()) down_until_ = now + absl::Seconds(dice_.Between(0, 30));
    if (now >= down_until_) {
      server_.Start();
      down_until_ = absl::ZeroDuration();
    }
  }
  if (now >= disk_until_) {
    server_.faults.full = server_.faults.busy = false;
    server_.faults.slow = absl::ZeroDuration();
  }
  if (now >= storage_until_) artifacts_.faults.away = false;
  if (server_.went_back() && dice_.Chance(0.03)) AdoptSomeTime();
  for (std::size_t i = 0; i < agents_.size(); ++i) {
    if (cut_until_[i] > absl::ZeroDuration() && now >= cut_until_[i]) {
      network_.Heal(static_cast<int>(i));
      cut_until_[i] = absl::ZeroDuration();
    }
    ModelAgent& agent = *agents_[i];
    if (agent.left() || (agent.replaced() && dice_.Chance(0.02))) {
      if (agent.replaced() || dice_.Chance(0.3)) {
        agent.StopProcess();
        away_until_[i] = now + absl::Seconds(dice_.Between(1, 20));
      }
    }
    const bool second = i >= agents_.size() / 2;
    if (second && agent.up() && now >= away_until_[i]) agent.StopProcess();
    if (!second && !agent.up() && now >= away_until_[i]) agent.StartProcess();
  }
}

void History::DisturbNetwork() {
  const int agent = dice_.Below(static_cast<int>(agents_.size()) / 2);
  const auto i = static_cast<std::size_t>(agent);
  const bool one_way = dice_.Chance(0.5);
  tally_.Count(one_way ? Fault::kOneWayPartition : Fault::kPartition);
  const bool up = !one_way || dice_.Chance(0.5);
  if (up) network_.Cut(agent, Direction::kUp);
  if (!one_way || !up) network_.Cut(agent, Direction::kDown);
  cut_until_[i] = clock_.Monotonic() + absl::Seconds(dice_.Between(2, 90));
}

void History::DisturbCoordinator() {
  if (!server_.up()) return;
  switch (dice_.Below(6)) {
    case 0:
      server_.faults.kill_before = true;
      return;
    case 1:
      server_.faults.kill_after = true;
      return;
    case 2:
      server_.faults.unknown_end = true;
      return;
    case 3:
      if (dice_.Chance(0.3) ? server_.Repair() : server_.Restore()) users_.OnWentBack();
      return;
    default:
      tally_.Count(Fault::kKillBetween);
      server_.Kill();
  }
}

void History::DisturbDisk() {
  disk_until_ = clock_.Monotonic() + absl::Seconds(dice_.Between(1, 20));
  switch (dice_.Below(3)) {
    case 0:
      tally_.Count(Fault::kDiskFull);
      server_.faults.full = true;
      return;
    case 1:
      tally_.Count(Fault::kDiskBusy);
      server_.faults.busy = true;
      return;
    default:
      tally_.Count(Fault::kDiskSlow);
      server_.faults.slow = dice_.Between(absl::Milliseconds(5), absl::Milliseconds(800));
  }
}

void History::DisturbStorage() {
  switch (dice_.Below(5)) {
    case 0:
      tally_.Count(Fault::kStorageAway);
      artifacts_.faults.away = true;
      storage_until_ = clock_.Monotonic() + absl::Seconds(dice_.Between(1, 90));
      return;
    case 1:
      artifacts_.faults.breaks = true;
      return;
    case 2:
      artifacts_.faults.kills = true;
      return;
    case 3:
      artifacts_.faults.tears = true;
      return;
    default:
      PutStrangeFiles();
  }
}

// Of people, and of trainers that a database which went back does not know.
void History::PutStrangeFiles() {
  static const std::vector<std::string> names = {"checkpoints/a1-0badc0de-s3", "checkpoints/a7-0badc0de-s9",
                                                 "checkpoints/a2-0badc0de-s6.partial", "checkpoints/best",
                                                 "notes.partial"};
  const auto& jobs = checks_.acknowledged();
  if (jobs.empty()) return;
  tally_.Count(Fault::kStrangeFiles);
  auto job = jobs.begin();
  std::advance(job, dice_.Below(static_cast<int>(jobs.size())));
  const std::string path = absl::StrCat(*job, "/", names[static_cast<std::size_t>(dice_.Below(5))]);
  artifacts_.Write(path + "/model.safetensors", "of somebody");
  checks_.OnStrange(path);
}

// Those who run it stop it for that.
void History::AdoptSomeTime() {
  coordinator::AdoptOptions options;
  options.give_up = dice_.Chance(0.2);
  const auto& jobs = checks_.durable().jobs();
  if (!jobs.empty() && dice_.Chance(0.3)) options.jobs = {jobs.rbegin()->first};
  server_.Adopt(options);
}

void History::DisturbClock() {
  const absl::Duration jump = dice_.Between(absl::Seconds(10), absl::Hours(30));
  switch (dice_.Below(4)) {
    case 0:
    case 1:
      tally_.Count(Fault::kWallForward);
      clock_.JumpWall(jump);  // a machine that slept, too
      return;
    case 2:
      tally_.Count(Fault::kWallBack);
      clock_.JumpWall(-jump);
      return;
    default:
      tally_.Count(Fault::kStoodStill);
      clock_.Advance(absl::Seconds(dice_.Between(5, 60)));
  }
}

void History::DisturbAgents() {
  const std::size_t first = agents_.size() / 2;
  const std::size_t i = static_cast<std::size_t>(dice_.Below(static_cast<int>(first)));
  ModelAgent& agent = *agents_[i];
  const absl::Duration now = clock_.Monotonic();
  switch (dice_.Below(8)) {
    case 0:
      if (!agent.up()) return;
      tally_.Count(Fault::kAgentRestarts);
      agent.StopProcess();
      agent.StartProcess();
      return;
    case 1:
      if (!agent.up()) return;
      tally_.Count(Fault::kAgentAway);
      agent.StopProcess();
      away_until_[i] = now + absl::Seconds(dice_.Between(3, 90));
      return;
    case 2:
      tally_.Count(Fault::kAgentLeaves);
      agent.Leave();
      return;
    case 3:
    case 4:
      if (agents_[first + i]->up()) return;
      tally_.Count(Fault::kSecondAgent);
      agents_[first + i]->StartProcess();
      away_until_[first + i] = now + absl::Seconds(dice_.Between(10, 120));
      // It gets the name where the first one is silent.
      if (!dice_.Chance(0.6)) return;
      network_.Cut(static_cast<int>(i), Direction::kUp);
      cut_until_[i] = now + absl::Seconds(dice_.Between(8, 40));
      return;
    case 6:
      tally_.Count(Fault::kBuildSwapped);
      agent.SwapBuild(agent.build() == "old" ? "new" : "old");
      return;
    case 5:
      tally_.Count(Fault::kSlotFailsJobs);
      agent.FailSlot(dice_.Below(agent.slots()), now + absl::Seconds(dice_.Between(20, 120)));
      return;
    default:
      tally_.Count(Fault::kSlotBreaks);
      agent.BreakSlot(dice_.Below(agent.slots()), dice_.Chance(0.5));
  }
}

void History::SendOddMessage() {
  ModelAgent& agent = *agents_[static_cast<std::size_t>(dice_.Below(static_cast<int>(agents_.size()) / 2))];
  if (dice_.Chance(0.2)) {
    v1::SubmitJobRequest request = users_.NextRequest();
    mutator_.Mutate(request);
    tally_.Count(Fault::kOddMessage);
    if (!PassesWire(request)) return;
    const auto job = server_.Submit(request, "mad");
    if (job.has_value() && job->ok() && !request.validate_only())
      checks_.OnJobAcknowledged(request, (*job)->id());
    return;
  }
  if (!agent.up()) return;
  if (dice_.Chance(0.6)) return SendOddObserved(agent);
  SendOddReport(agent);
}

void History::SendOddObserved(ModelAgent& agent) {
  v1::Observed observed = agent.Report();
  const v1::Observed sound = observed;
  if (dice_.Chance(0.3) && observed.slots_size() > 0) {
    tally_.Count(Fault::kOddInventory);
    *observed.add_slots() = observed.slots(0);
  } else {
    tally_.Count(Fault::kOddMessage);
    mutator_.Mutate(observed);
  }
  // The certificate names the worker. Of the agent itself an old message came out odd, of another program one
  // with a nonce of its own.
  observed.set_worker(sound.worker());
  observed.set_protocol(sound.protocol());
  observed.set_sequence(sound.sequence());
  SessionId session = agent.session();
  if (dice_.Chance(0.8)) {
    observed.set_nonce(sound.nonce());
    observed.set_incarnation(sound.incarnation());
  } else {
    observed.set_nonce(dice_.Bits());
    session = {observed.nonce(), 1, server_.epoch()};
  }
  if (!PassesWire(observed)) return;
  server_.Observe(session, observed, [](const absl::StatusOr<v1::Desired>&) {});
}

void History::SendOddReport(ModelAgent& agent) {
  tally_.Count(Fault::kOddMessage);
  if (auto exit = agent.newest_exit()) {
    mutator_.Mutate(*exit);
    exit->set_worker(agent.name());
    if (PassesWire(*exit)) (void)server_.ReportExit(*exit);
  }
  if (auto commit = agent.newest_commit()) {
    mutator_.Mutate(*commit);
    checks_.OnOddCommit(commit->checkpoint().path());
    commit->set_worker(agent.name());
    if (PassesWire(*commit)) (void)server_.Commit(*commit);
  }
}

}  // namespace simclr::simulation
