#include "coordinator/state/cluster_state.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/time_util.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

absl::Status Broken(const v1::Event& event, absl::string_view what) {
  return absl::InternalError(absl::StrCat("event ", event.revision(), " breaks an invariant: ", what));
}

// Null unless `attempt` is the live one.
v1::AttemptRecord* MutableLiveAttempt(v1::JobRecord& record, int attempt) {
  const v1::AttemptRecord* live = LiveAttempt(record);
  if (live == nullptr || live->summary().attempt() != attempt) return nullptr;
  return record.mutable_attempts(record.attempts_size() - 1);
}

// When the attempt committed its newest checkpoint, else when it began to run.
google::protobuf::Timestamp LastSaved(const v1::JobRecord& record, const v1::AttemptSummary& attempt) {
  google::protobuf::Timestamp saved = attempt.running_at();
  for (const v1::Checkpoint& checkpoint : record.checkpoints()) {
    const bool later = checkpoint.attempt() == attempt.attempt() && checkpoint.committed_at() > saved;
    if (later) saved = checkpoint.committed_at();
  }
  return saved;
}

void SetPhase(v1::JobRecord& record, const v1::Event& event, v1::Phase phase, v1::Reason reason,
              const std::string& message) {
  v1::JobStatus& status = *record.mutable_job()->mutable_status();
  if (status.phase() != phase) *status.mutable_phase_since() = event.at();
  status.set_phase(phase);
  status.set_reason(reason);
  status.set_message(message);
}

}  // namespace

absl::StatusOr<ClusterState> ClusterState::Parse(const std::string& bytes) {
  v1::StateSnapshot snapshot;
  if (!snapshot.ParseFromString(bytes)) return absl::DataLossError("the state snapshot cannot be read");
  ClusterState state;
  state.revision_ = snapshot.revision();
  for (v1::JobRecord& record : *snapshot.mutable_jobs()) {
    const std::string id = record.job().id();
    if (const v1::AttemptRecord* live = LiveAttempt(record)) {
      if (!state.Allocate(*live, id).ok()) {
        return absl::DataLossError(absl::StrCat("the state snapshot gives a slot of job ", id, " twice"));
      }
    }
    state.jobs_[id] = std::move(record);
  }
  for (v1::WorkerRecord& record : *snapshot.mutable_workers()) {
    state.workers_[record.worker().name()] = std::move(record);
  }
  return state;
}

std::string ClusterState::Serialize() const {
  v1::StateSnapshot snapshot;
  snapshot.set_revision(revision_);
  for (const auto& [id, record] : jobs_) *snapshot.add_jobs() = record;
  for (const auto& [name, record] : workers_) *snapshot.add_workers() = record;
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);  // map fields in key order
  snapshot.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

absl::Status ClusterState::Apply(const v1::Event& event) {
  if (event.revision() != revision_ + 1) {
    return Broken(event, absl::StrCat("it follows revision ", revision_));
  }
  revision_ = event.revision();
  if (event.has_job_submitted()) return ApplyJobSubmitted(event.job_submitted());
  if (event.has_worker_registered() || event.has_worker_gone()) return ApplyToWorker(event);
  const std::string id = JobOf(event);
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return Broken(event, absl::StrCat("there is no job '", id, "'"));
  v1::JobRecord& record = found->second;
  if (IsTerminal(record.job().status().phase())) return Broken(event, absl::StrCat("job ", id, " has ended"));
  record.set_revision(revision_);
  SIMCLR_RETURN_IF_ERROR(ApplyToJob(event, record));
  if (IsTerminal(record.job().status().phase())) {
    *record.mutable_job()->mutable_status()->mutable_ended_at() = event.at();
  }
  return absl::OkStatus();
}

absl::Status ClusterState::ApplyToJob(const v1::Event& event, v1::JobRecord& record) {
  switch (event.change_case()) {
    case v1::Event::kJobWaits:
      SetPhase(record, event, record.job().status().phase(), event.job_waits().reason(),
               event.job_waits().message());
      return absl::OkStatus();
    case v1::Event::kJobQueued:
      SetPhase(record, event, v1::PHASE_QUEUED, v1::REASON_EVALUATING, "");
      return absl::OkStatus();
    case v1::Event::kJobEnded:
      if (LiveAttempt(record) != nullptr) return Broken(event, "a job with a live attempt cannot end");
      SetPhase(record, event, event.job_ended().phase(), event.job_ended().reason(),
               event.job_ended().message());
      return absl::OkStatus();
    case v1::Event::kJobStopping:
      if (LiveAttempt(record) == nullptr) return Broken(event, "only a live attempt can be stopped");
      SetPhase(record, event, v1::PHASE_STOPPING, v1::REASON_CANCELLED_BY_USER,
               "cancelled; its ranks are being stopped");
      return absl::OkStatus();
    case v1::Event::kAttemptPlaced:
      return ApplyAttemptPlaced(event.attempt_placed(), record, event);
    case v1::Event::kAttemptRunning:
      return ApplyAttemptRunning(event.attempt_running(), record, event);
    case v1::Event::kRankExited:
      return ApplyRankExited(event.rank_exited(), record);
    case v1::Event::kAttemptEnded:
      return ApplyAttemptEnded(event.attempt_ended(), record, event);
    case v1::Event::kCheckpointCommitted:
      return ApplyCheckpoint(event.checkpoint_committed(), record);
    default:
      return Broken(event, "its kind is not known; it was written by a newer version");
  }
}

absl::Status ClusterState::ApplyJobSubmitted(const v1::JobSubmitted& change) {
  if (!jobs_.empty() && change.job().id() <= jobs_.rbegin()->first) {
    return absl::InternalError(absl::StrCat("job id ", change.job().id(), " does not follow the newest one"));
  }
  v1::JobRecord& record = jobs_[change.job().id()];
  *record.mutable_job() = change.job();
  v1::JobStatus& status = *record.mutable_job()->mutable_status();
  *status.mutable_phase_since() = status.submitted_at();
  record.set_spec_hash(change.spec_hash());
  record.set_revision(revision_);
  return absl::OkStatus();
}

absl::Status ClusterState::ApplyAttemptPlaced(const v1::AttemptPlaced& change, v1::JobRecord& record,
                                              const v1::Event& event) {
  if (record.job().status().phase() != v1::PHASE_QUEUED) return Broken(event, "only a queued job is placed");
  if (change.attempt() != record.attempts_size() + 1)
    return Broken(event, "attempts are numbered without a gap");
  if (change.ranks_size() != record.job().spec().resources().ranks())
    return Broken(event, "the gang is not complete");
  v1::AttemptRecord& attempt = *record.add_attempts();
  attempt.mutable_summary()->set_attempt(change.attempt());
  attempt.mutable_summary()->set_culprit_rank(-1);
  if (record.job().status().has_phase_since()) {
    *attempt.mutable_summary()->mutable_queued_at() = record.job().status().phase_since();
  }
  *attempt.mutable_summary()->mutable_placed_at() = event.at();
  *attempt.mutable_ranks() = change.ranks();
  attempt.set_device(change.device());
  attempt.set_nonce(change.nonce());
  for (const v1::Checkpoint& checkpoint : UsableCheckpoints(record)) {
    v1::CheckpointKey& key = *attempt.add_resume();
    key.set_attempt(checkpoint.attempt());
    key.set_step(checkpoint.step());
  }
  SetPhase(record, event, v1::PHASE_STARTING, v1::REASON_UNSPECIFIED, "");
  v1::JobStatus& status = *record.mutable_job()->mutable_status();
  status.set_attempt(change.attempt());
  status.clear_not_before();
  return Allocate(attempt, record.job().id());
}

absl::Status ClusterState::ApplyAttemptRunning(const v1::AttemptRunning& change, v1::JobRecord& record,
                                               const v1::Event& event) {
  v1::AttemptRecord* attempt = MutableLiveAttempt(record, change.attempt());
  if (attempt == nullptr || record.job().status().phase() != v1::PHASE_STARTING) {
    return Broken(event, "only a starting attempt begins to run");
  }
  *attempt->mutable_summary()->mutable_running_at() = event.at();
  attempt->mutable_summary()->set_resumed_from_step(change.resumed_from_step());
  SetPhase(record, event, v1::PHASE_RUNNING, v1::REASON_UNSPECIFIED, "");
  v1::JobStatus& status = *record.mutable_job()->mutable_status();
  if (!status.has_started_at()) *status.mutable_started_at() = event.at();
  if (status.precision().empty()) status.set_precision(change.precision());
  status.set_resumed_from_step(change.resumed_from_step());
  // Epochs are proportional to steps, so the earlier attempt's pair tells the epoch that is resumed.
  const double epoch_per_step = status.step() > 0 ? status.epoch() / static_cast<double>(status.step()) : 0.0;
  status.set_epoch(epoch_per_step * static_cast<double>(change.resumed_from_step()));
  status.set_step(change.resumed_from_step());
  status.set_total_steps(change.total_steps());
  return absl::OkStatus();
}

absl::Status ClusterState::ApplyRankExited(const v1::RankExited& change, v1::JobRecord& record) {
  v1::AttemptRecord* attempt = MutableLiveAttempt(record, change.attempt());
  if (attempt == nullptr || FindExit(*attempt, change.exit().rank()) != nullptr) {
    return absl::InternalError(absl::StrCat("rank ", change.exit().rank(), " of job ", change.job_id(),
                                            " attempt ", change.attempt(), " cannot exit: it is not live"));
  }
  *attempt->add_exits() = change.exit();
  return absl::OkStatus();
}

absl::Status ClusterState::ApplyAttemptEnded(const v1::AttemptEnded& change, v1::JobRecord& record,
                                             const v1::Event& event) {
  v1::AttemptRecord* attempt = MutableLiveAttempt(record, change.attempt());
  if (attempt == nullptr) return Broken(event, "only a live attempt ends");
  for (const v1::RankRecord& rank : attempt->ranks()) allocations_.erase({rank.worker(), rank.slot()});
  v1::AttemptSummary& summary = *attempt->mutable_summary();
  *summary.mutable_ended_at() = event.at();
  summary.set_ended_by(change.failure());
  summary.set_culprit_rank(change.culprit_rank());
  summary.set_message(change.attempt_message());
  summary.set_step(change.step());
  if (record.job().status().phase() == v1::PHASE_STOPPING) {
    *summary.mutable_stopping_at() = record.job().status().phase_since();
  }
  if (!IsTerminal(change.phase()) && summary.has_running_at()) {
    *summary.mutable_lost_time() = event.at() - LastSaved(record, summary);
  }
  SetPhase(record, event, change.phase(), change.reason(), change.job_message());
  v1::JobStatus& status = *record.mutable_job()->mutable_status();
  status.set_failure(change.failure());
  status.set_step(change.step());
  status.set_epoch(change.epoch());
  if (change.counted()) status.set_restarts(status.restarts() + 1);
  if (change.has_not_before()) *status.mutable_not_before() = change.not_before();
  if (const v1::ExitRecord* exit = FindExit(*attempt, 0)) {
    for (const auto& [name, value] : exit->results()) (*status.mutable_results())[name] = value;
    if (exit->total_steps() > 0) status.set_total_steps(exit->total_steps());
  }
  record.set_failures_in_row(change.failures_in_row());
  record.set_fruitless_attempts(change.fruitless_attempts());
  return absl::OkStatus();
}

absl::Status ClusterState::ApplyCheckpoint(const v1::CheckpointCommitted& change, v1::JobRecord& record) {
  const v1::Checkpoint& added = change.checkpoint();
  if (MutableLiveAttempt(record, added.attempt()) == nullptr ||
      FindCheckpoint(record, added.attempt(), added.step()) != nullptr) {
    return absl::InternalError(absl::StrCat("checkpoint at step ", added.step(), " of job ", added.job_id(),
                                            " is committed twice or by a stale attempt"));
  }
  for (const v1::CheckpointKey& key : change.retired()) {
    for (v1::Checkpoint& checkpoint : *record.mutable_checkpoints()) {
      if (checkpoint.attempt() == key.attempt() && checkpoint.step() == key.step())
        checkpoint.set_retired(true);
    }
  }
  *record.add_checkpoints() = added;
  return absl::OkStatus();
}

absl::Status ClusterState::ApplyToWorker(const v1::Event& event) {
  if (event.has_worker_gone()) {
    const auto found = workers_.find(event.worker_gone().worker());
    if (found == workers_.end()) return Broken(event, "the worker that is gone was never there");
    found->second.set_gone(true);
    found->second.set_left(event.worker_gone().left());
    return absl::OkStatus();
  }
  v1::WorkerRecord& record = workers_[event.worker_registered().worker().name()];
  record.Clear();
  *record.mutable_worker() = event.worker_registered().worker();
  return absl::OkStatus();
}

absl::Status ClusterState::Allocate(const v1::AttemptRecord& attempt, const std::string& job_id) {
  for (const v1::RankRecord& rank : attempt.ranks()) {
    const auto [holder, free] = allocations_.try_emplace({rank.worker(), rank.slot()}, job_id);
    if (!free) {
      return absl::InternalError(absl::StrCat("slot ", rank.slot(), " of ", rank.worker(), " is held by job ",
                                              holder->second, " and cannot be given to job ", job_id));
    }
  }
  return absl::OkStatus();
}

const v1::JobRecord* ClusterState::FindJob(const std::string& id) const {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : &found->second;
}

const v1::JobRecord* ClusterState::FindJobByName(const std::string& name) const {
  for (auto it = jobs_.rbegin(); it != jobs_.rend(); ++it) {
    if (it->second.job().spec().name() == name) return &it->second;
  }
  return nullptr;
}

const v1::WorkerRecord* ClusterState::FindWorker(const std::string& name) const {
  const auto found = workers_.find(name);
  return found == workers_.end() ? nullptr : &found->second;
}

}  // namespace simclr::coordinator
