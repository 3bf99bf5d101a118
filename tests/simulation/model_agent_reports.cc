// ModelAgent: what it hands in.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "tests/simulation/model_agent.h"

namespace simclr::simulation {
namespace {

constexpr char kWeights[] = "weights";

template <typename Request>
void Address(const agent::RankKey& key, const std::string& worker, std::uint64_t incarnation,
             Request& request) {
  request.set_worker(worker);
  request.set_incarnation(incarnation);
  request.set_rank(key.rank);
}

std::string CheckpointPath(const agent::RankKey& key, std::int64_t step) {
  return absl::StrCat(key.job_id, "/checkpoints/", AttemptName(key.attempt, key.nonce), "-s", step);
}

std::string Manifest(const ModelTrainer& trainer) {
  const agent::RankKey& key = trainer.live.key;
  return absl::StrCat("{\"format_version\": 1, \"step\": ", trainer.step, ", \"attempt\": ", key.attempt,
                      ", \"nonce\": \"", key.nonce, "\", \"spec_hash\": \"", trainer.wanted.spec_hash(),
                      "\", \"files\": [{\"name\": \"model.safetensors\", \"bytes\": ", sizeof kWeights - 1,
                      "}]}");
}

}  // namespace

void ModelAgent::End(const agent::RankKey& key, v1::FailureClass failure, int exit_code, bool reported) {
  const auto trainer = std::find_if(trainers_.begin(), trainers_.end(),
                                    [&](const ModelTrainer& t) { return t.live.key == key; });
  if (trainer == trainers_.end()) return;
  if (reported) {
    v1::ReportExitRequest exit;
    Address(key, name_, gate_.incarnation(), exit);
    exit.set_job_id(key.job_id);
    exit.set_attempt(key.attempt);
    exit.set_nonce(key.nonce);
    exit.set_failure(failure);
    exit.set_exit_code(exit_code);
    exit.set_signal(exit_code < 0 ? 9 : 0);
    exit.set_step(trainer->step);
    exit.set_total_steps(trainer->total_steps);
    if (failure == v1::FAILURE_CLASS_SUCCESS && key.rank == 0)
      (*exit.mutable_results())["pretrain/loss"] = 1.5;
    outbox_.Add(std::move(exit));
    v1::LogArchivedRequest archived;
    Address(key, name_, gate_.incarnation(), archived);
    archived.set_job_id(key.job_id);
    archived.set_attempt(key.attempt);
    archived.set_nonce(key.nonce);
    outbox_.Add(std::move(archived));
  }
  ended_.insert(key);
  trainers_.erase(trainer);
  beat_at_ = world_.clock.Monotonic();
}

void ModelAgent::BeginSave(const ModelTrainer& trainer) {
  const std::string draft = CheckpointPath(trainer.live.key, trainer.step + 1) + ".partial";
  world_.artifacts.Write(draft + "/model.safetensors", kWeights);
}

bool ModelAgent::Save(const ModelTrainer& trainer) {
  const agent::RankKey& key = trainer.live.key;
  const std::string path = CheckpointPath(key, trainer.step);
  const bool torn = std::exchange(world_.artifacts.faults.tears, false);
  world_.artifacts.Write(path + ".partial/model.safetensors", torn ? "wei" : kWeights);
  world_.artifacts.Write(path + ".partial/manifest.json", Manifest(trainer));
  world_.artifacts.Rename(path + ".partial", path);
  if (torn) {
    world_.tally.Count(Fault::kTornSave);
    world_.checks.OnTorn(path);
    return false;
  }
  world_.checks.OnSaved(path, trainer.step);
  v1::CommitCheckpointRequest commit;
  Address(key, name_, gate_.incarnation(), commit);
  v1::Checkpoint& checkpoint = *commit.mutable_checkpoint();
  checkpoint.set_job_id(key.job_id);
  checkpoint.set_attempt(key.attempt);
  checkpoint.set_nonce(key.nonce);
  checkpoint.set_step(trainer.step);
  checkpoint.set_path(path);
  outbox_.Add(std::move(commit));
  return true;
}

void ModelAgent::AddMetrics(const ModelTrainer& trainer) {
  const agent::RankKey& key = trainer.live.key;
  v1::PushMetricsRequest push;
  Address(key, name_, gate_.incarnation(), push);
  push.set_job_id(key.job_id);
  push.set_attempt(key.attempt);
  push.set_nonce(key.nonce);
  push.add_samples()->set_step(trainer.step);
  outbox_.Add(std::move(push));
}

}  // namespace simclr::simulation
