#include "tests/simulation/gangs.h"

#include <algorithm>
#include <map>
#include <string>

namespace simclr::simulation {
namespace {

constexpr std::int64_t kSaveEvery = 3;

struct Member {
  ModelAgent* agent;
  agent::RankKey key;

  // Null: it has ended.
  ModelTrainer* trainer() const {
    for (ModelTrainer& trainer : agent->trainers()) {
      if (trainer.live.key == key) return &trainer;
    }
    return nullptr;
  }
};

using Gang = std::vector<Member>;

struct OddEnd {
  v1::FailureClass failure;
  int exit_code;
};

const std::vector<OddEnd>& Ends() {
  static const std::vector<OddEnd> ends = {
      {v1::FAILURE_CLASS_CRASH, 1},         {v1::FAILURE_CLASS_CRASH, -1},
      {v1::FAILURE_CLASS_PEER_LOST, 31},    {v1::FAILURE_CLASS_HARDWARE, 32},
      {v1::FAILURE_CLASS_STORAGE_FULL, 33}, {v1::FAILURE_CLASS_HANG, -1},
      {v1::FAILURE_CLASS_DRAINED, 10},      {v1::FAILURE_CLASS_CANCELLED, 255},
      {v1::FAILURE_CLASS_UNSPECIFIED, 77},  {v1::FAILURE_CLASS_DATA_ERROR, 21},
  };
  return ends;
}

void Misbehave(const Member& member, const Surroundings& world) {
  ModelTrainer& trainer = *member.trainer();
  if (member.agent->FailsJobs(trainer.live.slot) && world.dice.Chance(0.5)) {
    member.agent->End(member.key, v1::FAILURE_CLASS_HARDWARE, 32);
  } else if (world.dice.Chance(0.002)) {
    world.tally.Count(Fault::kTrainerFreezes);
    trainer.frozen = true;
  } else if (world.dice.Chance(0.005)) {
    world.tally.Count(Fault::kTrainerStraggles);
    trainer.straggles = world.dice.Between(2, 60);
  } else if (world.dice.Chance(0.012)) {
    world.tally.Count(Fault::kTrainerFails);
    const OddEnd& end = Ends()[static_cast<std::size_t>(world.dice.Below(static_cast<int>(Ends().size())))];
    member.agent->End(member.key, end.failure, end.exit_code);
  } else if (world.dice.Chance(0.002)) {
    world.tally.Count(Fault::kTrainerVanishes);
    member.agent->End(member.key, v1::FAILURE_CLASS_CRASH, -1, /*reported=*/false);
  }
}

// The gang was complete once, and somebody is missing.
void LosePeers(const Gang& gang, const Surroundings& world) {
  for (const Member& member : gang) {
    const ModelTrainer& trainer = *member.trainer();
    if (!trainer.started || trainer.frozen || !world.dice.Chance(0.5)) continue;
    // Who finished does not miss the others.
    const bool done = trainer.step >= trainer.total_steps;
    member.agent->End(member.key, done ? v1::FAILURE_CLASS_SUCCESS : v1::FAILURE_CLASS_PEER_LOST,
                      done ? 0 : 31);
  }
}

// The newest checkpoint of those that it was offered; 0: the gang begins anew.
std::int64_t Resume(const v1::DesiredRank& rank, const Surroundings& world) {
  for (const v1::Checkpoint& checkpoint : rank.resume()) {
    if (world.artifacts.Has(checkpoint.path())) return checkpoint.step();
    if (!world.checks.MayBeMissing(rank, checkpoint.path()))
      world.checks.Violate(checkpoint.path() + " was offered to be resumed from, and is not there");
  }
  return 0;
}

void Meet(const Gang& gang, const Surroundings& world) {
  const std::int64_t resumed_from = Resume(gang.front().trainer()->wanted, world);
  const absl::Duration now = world.clock.Monotonic();
  for (const Member& member : gang) {
    ModelTrainer& trainer = *member.trainer();
    trainer.started = true;
    trainer.activity = v1::ACTIVITY_FORWARD;
    trainer.step = trainer.resumed_from = resumed_from;
    trainer.progress_at = now;
  }
}

void Step(const Gang& gang, absl::Duration now) {
  for (const Member& member : gang) {
    ModelTrainer& trainer = *member.trainer();
    trainer.activity = v1::ACTIVITY_FORWARD;
    trainer.progress_at = now;
    ++trainer.step;
    if (trainer.live.key.rank == 0) {
      member.agent->AddMetrics(trainer);
      const bool last = trainer.step >= trainer.total_steps;
      if ((trainer.step + 1) % kSaveEvery == 0 && !last) member.agent->BeginSave(trainer);
      if ((trainer.step % kSaveEvery == 0 || last) && !member.agent->Save(trainer)) {
        member.agent->End(member.key, v1::FAILURE_CLASS_CRASH, 1);
        continue;
      }
    }
    if (trainer.step >= trainer.total_steps) member.agent->End(member.key, v1::FAILURE_CLASS_SUCCESS, 0);
  }
}

void TrainGang(const Gang& gang, const Surroundings& world) {
  const absl::Duration now = world.clock.Monotonic();
  bool complete = true, started = true, waits = false;
  for (const Member& member : gang) {
    ModelTrainer& trainer = *member.trainer();
    complete &= trainer.live.has_run && gang.size() == static_cast<std::size_t>(trainer.wanted.world_size());
    started &= trainer.started;
    const bool straggles = trainer.straggles > 0 && trainer.straggles-- > 0;
    waits |= trainer.frozen || straggles;
    if (!trainer.frozen) trainer.report_at = now;
  }
  if (!complete) return LosePeers(gang, world);
  if (!started) return Meet(gang, world);
  if (!waits) return Step(gang, now);
  for (const Member& member : gang) {
    ModelTrainer& trainer = *member.trainer();
    if (!trainer.frozen && trainer.straggles == 0) trainer.activity = v1::ACTIVITY_COLLECTIVE;
  }
}

}  // namespace

void Train(std::vector<std::unique_ptr<ModelAgent>>& agents, const Surroundings& world, bool calm) {
  std::map<std::string, Gang> gangs;
  std::vector<Member> members;
  for (auto& agent : agents) {
    for (ModelTrainer& trainer : agent->trainers()) members.push_back({agent.get(), trainer.live.key});
  }
  for (const Member& member : members) {
    if (!calm) Misbehave(member, world);
    if (member.trainer() != nullptr) gangs[member.key.job_id + member.key.nonce].push_back(member);
  }
  for (const auto& [nonce, gang] : gangs) TrainGang(gang, world);
}

}  // namespace simclr::simulation
