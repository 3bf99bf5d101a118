// Coordinator: what agents bring and are told.
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/job/proto_time.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

constexpr int kRetiredInAnswer = 16;  // a trainer that missed an answer hears of them again

std::string WorkerActor(const std::string& worker) {
  return absl::StrCat("worker/", worker);
}

v1::Worker WorkerOf(const v1::Observed& observed) {
  v1::Worker worker;
  worker.set_name(observed.worker());
  worker.set_incarnation(observed.incarnation());
  worker.set_address(observed.address());
  worker.set_threads_per_slot(observed.threads_per_slot());
  worker.set_version(observed.version());
  for (const v1::Slot& slot : observed.slots()) {
    v1::Slot& kept = *worker.add_slots();
    kept = slot;
    kept.clear_job_id();
    kept.clear_attempt();
    kept.clear_rank();
  }
  return worker;
}

v1::ExitRecord ExitOf(const v1::ReportExitRequest& request) {
  v1::ExitRecord exit;
  exit.set_rank(request.rank());
  exit.set_failure(request.failure());
  exit.set_exit_code(request.exit_code());
  exit.set_signal(request.signal());
  exit.set_message(request.message());
  *exit.mutable_results() = request.results();
  exit.set_step(request.step());
  exit.set_total_steps(request.total_steps());
  exit.set_epoch(request.epoch());
  *exit.mutable_at() = request.at();
  return exit;
}

v1::CommitCheckpointResponse RetiredOf(const v1::JobRecord& record) {
  v1::CommitCheckpointResponse response;
  for (auto it = record.checkpoints().rbegin(); it != record.checkpoints().rend(); ++it) {
    if (!it->retired()) continue;
    *response.add_retired() = *it;
    if (response.retired_size() == kRetiredInAnswer) break;
  }
  return response;
}

}  // namespace

absl::Status Coordinator::CheckAgent(const v1::Observed& observed) const {
  if (observed.worker().empty() || observed.incarnation() == 0) {
    return absl::InvalidArgumentError("an Observed needs the worker's name and its incarnation");
  }
  if (!observed.cluster_id().empty() && observed.cluster_id() != cluster_id()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "worker ", observed.worker(), " belongs to cluster ", observed.cluster_id(), "; this is cluster ",
        cluster_id(), "; correct its --coordinator or give it an empty --dir"));
  }
  if (observed.seen_term() > term()) {
    return absl::FailedPreconditionError(
        absl::StrCat("worker ", observed.worker(), " has seen a coordinator of term ", observed.seen_term(),
                     "; this one is of term ", term(), " and must not give orders any more"));
  }
  if (replaced_.count({observed.worker(), observed.incarnation()}) > 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "worker ", observed.worker(), " was replaced by a newer process of that name; stop this one"));
  }
  return absl::OkStatus();
}

absl::Status Coordinator::Register(const v1::Observed& observed) {
  const v1::Worker worker = WorkerOf(observed);
  const v1::WorkerRecord* known = state_.FindWorker(observed.worker());
  const bool same = known != nullptr && known->worker().SerializeAsString() == worker.SerializeAsString();
  if (same && (!known->gone() || observed.leaving())) return absl::OkStatus();
  const std::uint64_t before = known == nullptr ? 0 : known->worker().incarnation();
  v1::Event event;
  *event.mutable_worker_registered()->mutable_worker() = worker;
  SIMCLR_RETURN_IF_ERROR(Commit({event}, WorkerActor(observed.worker())));
  if (before != 0 && before != observed.incarnation()) replaced_.insert({observed.worker(), before});
  return absl::OkStatus();
}

absl::StatusOr<v1::Desired> Coordinator::Observe(const v1::Observed& observed) {
  absl::MutexLock lock(&mutex_);
  absl::Status taken = CheckAgent(observed);
  if (taken.ok()) taken = Register(observed);
  observer_.OnHeartbeat(taken);
  SIMCLR_RETURN_IF_ERROR(taken);
  if (observations_.Record(observed, Now())) NoteChange();
  return StampedDesired(observed.worker());
}

v1::Desired Coordinator::StampedDesired(const std::string& worker) const {
  v1::Desired desired = DesiredFor(state_, observations_, followed_, worker);
  desired.set_term(term());
  desired.set_sequence(changes_);
  desired.set_cluster_id(cluster_id());
  return desired;
}

v1::Desired Coordinator::DesiredOf(const std::string& worker) const {
  absl::MutexLock lock(&mutex_);
  return StampedDesired(worker);
}

absl::StatusOr<const v1::AttemptRecord*> Coordinator::FindLive(const std::string& operation,
                                                               const std::string& worker,
                                                               const std::string& job_id, int attempt,
                                                               int rank) const {
  const v1::JobRecord* record = state_.FindJob(job_id);
  const v1::AttemptRecord* live = record == nullptr ? nullptr : LiveAttempt(*record);
  if (live != nullptr && live->summary().attempt() == attempt) {
    for (const v1::RankRecord& held : live->ranks()) {
      if (held.worker() == worker && (rank < 0 || held.rank() == rank)) return live;
    }
  }
  observer_.OnStaleRefused(operation);
  return absl::FailedPreconditionError(absl::StrCat("stale attempt: ", operation, " of job ", job_id,
                                                    " attempt ", attempt, " by ", worker,
                                                    " is refused; drop it"));
}

absl::Status Coordinator::CheckLive(const std::string& operation, const std::string& worker,
                                    const std::string& job_id, int attempt, int rank) const {
  absl::MutexLock lock(&mutex_);
  return FindLive(operation, worker, job_id, attempt, rank).status();
}

absl::Status Coordinator::ReportExit(const v1::ReportExitRequest& request) {
  absl::MutexLock lock(&mutex_);
  const v1::JobRecord* record = state_.FindJob(request.job_id());
  const v1::AttemptRecord* attempt = record == nullptr ? nullptr : FindAttempt(*record, request.attempt());
  if (attempt != nullptr && FindExit(*attempt, request.rank()) != nullptr) return absl::OkStatus();
  SIMCLR_RETURN_IF_ERROR(
      FindLive("exit", request.worker(), request.job_id(), request.attempt(), request.rank()).status());
  v1::Event event;
  event.mutable_rank_exited()->set_job_id(request.job_id());
  event.mutable_rank_exited()->set_attempt(request.attempt());
  *event.mutable_rank_exited()->mutable_exit() = ExitOf(request);
  return Commit({event}, WorkerActor(request.worker()));
}

absl::StatusOr<v1::CommitCheckpointResponse> Coordinator::CommitCheckpoint(
    const v1::CommitCheckpointRequest& request) {
  absl::MutexLock lock(&mutex_);
  const v1::Checkpoint& checkpoint = request.checkpoint();
  const std::string& id = checkpoint.job_id();
  const v1::JobRecord* record = state_.FindJob(id);
  if (record != nullptr && FindCheckpoint(*record, checkpoint.attempt(), checkpoint.step()) != nullptr) {
    return RetiredOf(*record);
  }
  SIMCLR_RETURN_IF_ERROR(FindLive("checkpoint", request.worker(), id, checkpoint.attempt(), -1).status());
  v1::Event event;
  v1::CheckpointCommitted& committed = *event.mutable_checkpoint_committed();
  *committed.mutable_checkpoint() = checkpoint;
  committed.mutable_checkpoint()->set_retired(false);
  *committed.mutable_checkpoint()->mutable_committed_at() = ToProto(clock_.Now());
  for (const v1::CheckpointKey& key : RetiredByCommit(*record)) *committed.add_retired() = key;
  SIMCLR_RETURN_IF_ERROR(Commit({event}, WorkerActor(request.worker())));
  return RetiredOf(*state_.FindJob(id));
}

absl::Status Coordinator::PushMetrics(const v1::PushMetricsRequest& request) {
  SIMCLR_RETURN_IF_ERROR(
      CheckLive("metrics", request.worker(), request.job_id(), request.attempt(), request.rank()));
  if (request.rank() != 0) return absl::OkStatus();  // rank 0 speaks for the gang
  return metrics_.Append(request.job_id(), request.attempt(),
                         {request.samples().begin(), request.samples().end()});
}

void Coordinator::SetFollowed(const FollowedRank& rank, bool followed) {
  absl::MutexLock lock(&mutex_);
  const bool changed = followed ? followed_.insert(rank).second : followed_.erase(rank) > 0;
  if (changed) NoteChange();
}

}  // namespace simclr::coordinator
