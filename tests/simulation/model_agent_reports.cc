// ModelAgent: what it hands in until it is taken or refused for good.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "tests/simulation/model_agent.h"

namespace simclr::simulation {
namespace {

constexpr absl::Duration kRetry = absl::Seconds(4);
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
    outbox_.emplace_back(std::move(exit));
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
  outbox_.emplace_back(std::move(commit));
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
  outbox_.emplace_back(std::move(push));
}

std::optional<v1::ReportExitRequest> ModelAgent::NextExit() const {
  for (const Item& item : outbox_) {
    if (const auto* exit = std::get_if<v1::ReportExitRequest>(&item)) return *exit;
  }
  return std::nullopt;
}

std::optional<v1::CommitCheckpointRequest> ModelAgent::NextCommit() const {
  for (const Item& item : outbox_) {
    if (const auto* commit = std::get_if<v1::CommitCheckpointRequest>(&item)) return *commit;
  }
  return std::nullopt;
}

// One at a time, in order: an exit comes after the commits of its rank.
void ModelAgent::Deliver() {
  const absl::Duration now = world_.clock.Monotonic();
  if (outbox_.empty() || now < retry_at_) return;
  retry_at_ = now + kRetry;
  world_.network.Send(host_, Direction::kUp,
                      [this, nonce = nonce_, item = outbox_.front(), number = delivered_] {
                        const std::optional<absl::Status> answer = HandIn(item);
                        if (!answer.has_value()) return;
                        world_.network.Send(host_, Direction::kDown, [this, nonce, number, status = *answer] {
                          if (up_ && nonce == nonce_) OnDelivered(number, status);
                        });
                      });
}

std::optional<absl::Status> ModelAgent::HandIn(const Item& item) {
  if (const auto* exit = std::get_if<v1::ReportExitRequest>(&item)) {
    const auto answer = world_.server.ReportExit(*exit);
    if (answer.has_value() && answer->ok()) world_.checks.OnExitAcknowledged(*exit);
    return answer;
  }
  if (const auto* commit = std::get_if<v1::CommitCheckpointRequest>(&item)) {
    const auto answer = world_.server.Commit(*commit);
    if (answer.has_value() && answer->ok()) world_.checks.OnCommitAcknowledged(*commit);
    return answer;
  }
  const auto& push = std::get<v1::PushMetricsRequest>(item);
  const auto answer = world_.server.PushMetrics(push);
  if (answer.has_value() && answer->ok()) world_.checks.OnMetricsAcknowledged(push);
  return answer;
}

void ModelAgent::OnDelivered(std::int64_t item, const absl::Status& status) {
  const bool final = status.ok() || absl::IsFailedPrecondition(status) || absl::IsInvalidArgument(status);
  if (item != delivered_ || !final) return;
  outbox_.pop_front();
  ++delivered_;
  retry_at_ = world_.clock.Monotonic();
  Deliver();
}

}  // namespace simclr::simulation
