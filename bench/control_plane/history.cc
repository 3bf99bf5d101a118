#include "bench/control_plane/history.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "common/crypto/sha256.h"
#include "common/job/defaults.h"
#include "common/job/proto_time.h"
#include "common/job/spec_hash.h"

namespace simclr::bench {
namespace {

constexpr int kOwners = 20;
constexpr int kRanks = 2;
constexpr int kWorkers = 125;
constexpr int kSlots = 8;
constexpr int kSteps = 4000;

// A well-mixed function of a seed and an index (splitmix64).
std::uint64_t Mix(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t bits = seed + 0x9e3779b97f4a7c15ULL * (index + 1);
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9ULL;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebULL;
  return bits ^ (bits >> 31);
}

v1::JobSpec SpecOf(int index, int ranks) {
  v1::JobSpec spec;
  spec.set_name(absl::StrCat("pretrain-resnet18-t", index % 10, "-", index));
  spec.set_kind(v1::JOB_KIND_PRETRAIN);
  spec.mutable_resources()->set_ranks(ranks);
  spec.mutable_resources()->set_device(v1::DEVICE_CPU);
  spec.mutable_data()->set_source("synthetic:train=50000,test=10000");
  spec.mutable_train()->set_epochs(100);
  spec.mutable_train()->set_seed(static_cast<std::uint64_t>(index));
  return WithDefaults(spec);
}

struct Ending {
  v1::Phase phase;
  v1::Reason reason;
  v1::FailureClass failure;
  std::string message;
};

// Seven of ten succeed, two fail, one is cancelled.
Ending EndingOf(std::uint64_t bits) {
  switch (bits % 10) {
    case 0:
      return {v1::PHASE_CANCELLED, v1::REASON_CANCELLED_BY_USER, v1::FAILURE_CLASS_CANCELLED, "cancelled"};
    case 1:
      return {
          v1::PHASE_FAILED, v1::REASON_FAILURE, v1::FAILURE_CLASS_DATA_ERROR,
          "image folder:/data/photos/class-17/img_004711.jpg cannot be decoded: premature end of JPEG file; "
          "1204 of 50000 images are damaged, more than data.max_bad_share allows (0.01)"};
    case 2:
      return {
          v1::PHASE_FAILED, v1::REASON_FAILURE, v1::FAILURE_CLASS_NON_FINITE,
          "the loss is nan at step 3120; the last good checkpoint is that of step 3000; lower optimizer.lr"};
    default:
      return {v1::PHASE_SUCCEEDED, v1::REASON_UNSPECIFIED, v1::FAILURE_CLASS_SUCCESS, ""};
  }
}

v1::Checkpoint CheckpointOf(const std::string& job_id, std::int64_t step, std::uint64_t bits, absl::Time at) {
  v1::Checkpoint checkpoint;
  checkpoint.set_job_id(job_id);
  checkpoint.set_attempt(1);
  checkpoint.set_step(step);
  checkpoint.set_path(absl::StrCat(job_id, "/checkpoints/a1-s", step));
  checkpoint.set_bytes(89'128'960);
  checkpoint.set_digest(Sha256Hex(absl::StrCat(bits, "-", step)));
  *checkpoint.mutable_committed_at() = ToProto(at);
  checkpoint.mutable_write_time()->set_nanos(840'000'000);
  return checkpoint;
}

v1::ExitRecord ExitOf(int rank, const Ending& ending, absl::Time at) {
  v1::ExitRecord exit;
  exit.set_rank(rank);
  exit.set_failure(ending.failure);
  exit.set_exit_code(ending.failure == v1::FAILURE_CLASS_SUCCESS ? 0 : 21);
  exit.set_message(ending.message);
  exit.set_step(kSteps);
  exit.set_total_steps(kSteps);
  exit.set_epoch(100);
  *exit.mutable_at() = ToProto(at);
  if (rank == 0 && ending.failure == v1::FAILURE_CLASS_SUCCESS) {
    (*exit.mutable_results())["pretrain/loss"] = 4.2;
    (*exit.mutable_results())["pretrain/contrastive_accuracy"] = 0.81;
  }
  return exit;
}

v1::AttemptRecord AttemptOf(const Ending& ending, std::uint64_t bits, absl::Time queued, absl::Time ended) {
  v1::AttemptRecord attempt;
  v1::AttemptSummary& summary = *attempt.mutable_summary();
  summary.set_attempt(1);
  *summary.mutable_queued_at() = ToProto(queued);
  *summary.mutable_placed_at() = ToProto(queued + absl::Seconds(1));
  *summary.mutable_running_at() = ToProto(queued + absl::Seconds(9));
  *summary.mutable_ended_at() = ToProto(ended);
  summary.set_ended_by(ending.failure);
  summary.set_culprit_rank(ending.phase == v1::PHASE_FAILED ? 0 : -1);
  summary.set_message(ending.message);
  summary.set_step(kSteps);
  attempt.set_device(v1::DEVICE_CPU);
  attempt.set_nonce(HexId(bits));
  for (int rank = 0; rank < kRanks; ++rank) {
    v1::RankRecord& record = *attempt.add_ranks();
    record.set_rank(rank);
    record.set_worker(absl::StrCat("node-", bits % kWorkers));
    record.set_incarnation(bits | 1);
    record.set_slot(static_cast<int>((bits + static_cast<std::uint64_t>(rank)) % kSlots));
    *attempt.add_exits() = ExitOf(rank, ending, ended - absl::Milliseconds(400));
  }
  return attempt;
}

template <typename Fill>
void AddEvent(std::vector<v1::Event>& events, const google::protobuf::Timestamp& at, const std::string& actor,
              const Fill& fill) {
  v1::Event& event = events.emplace_back();
  *event.mutable_at() = at;
  event.set_actor(actor);
  fill(event);
}

v1::JobSubmitted SubmissionOf(const v1::JobRecord& record) {
  v1::JobSubmitted submitted;
  *submitted.mutable_job() = record.job();
  submitted.set_spec_hash(record.spec_hash());
  v1::JobStatus status;
  status.set_phase(v1::PHASE_QUEUED);
  status.set_reason(v1::REASON_EVALUATING);
  *status.mutable_submitted_at() = record.job().status().submitted_at();
  *submitted.mutable_job()->mutable_status() = status;
  return submitted;
}

v1::AttemptPlaced PlacementOf(const std::string& id, const v1::AttemptRecord& attempt) {
  v1::AttemptPlaced placed;
  placed.set_job_id(id);
  placed.set_attempt(attempt.summary().attempt());
  *placed.mutable_ranks() = attempt.ranks();
  placed.set_device(attempt.device());
  placed.set_nonce(attempt.nonce());
  return placed;
}

v1::AttemptRunning StartOf(const std::string& id, const v1::JobStatus& status) {
  v1::AttemptRunning running;
  running.set_job_id(id);
  running.set_attempt(1);
  running.set_total_steps(status.total_steps());
  running.set_precision(status.precision());
  return running;
}

v1::AttemptEnded EndOf(const v1::Job& job, const v1::AttemptSummary& summary) {
  v1::AttemptEnded ended;
  ended.set_job_id(job.id());
  ended.set_attempt(summary.attempt());
  ended.set_failure(summary.ended_by());
  ended.set_culprit_rank(summary.culprit_rank());
  ended.set_attempt_message(summary.message());
  ended.set_phase(job.status().phase());
  ended.set_reason(job.status().reason());
  ended.set_job_message(job.status().message());
  ended.set_step(summary.step());
  ended.set_epoch(job.status().epoch());
  return ended;
}

void AddAttempt(const v1::JobRecord& record, const v1::AttemptRecord& attempt,
                std::vector<v1::Event>& events) {
  const std::string& id = record.job().id();
  const v1::AttemptSummary& summary = attempt.summary();
  const std::string worker = absl::StrCat("worker/", attempt.ranks(0).worker());
  AddEvent(events, summary.placed_at(), "coordinator",
           [&](v1::Event& event) { *event.mutable_attempt_placed() = PlacementOf(id, attempt); });
  AddEvent(events, summary.running_at(), "coordinator",
           [&](v1::Event& event) { *event.mutable_attempt_running() = StartOf(id, record.job().status()); });
  for (const v1::Checkpoint& checkpoint : record.checkpoints()) {
    AddEvent(events, checkpoint.committed_at(), worker, [&](v1::Event& event) {
      *event.mutable_checkpoint_committed()->mutable_checkpoint() = checkpoint;
    });
  }
  for (const v1::ExitRecord& exit : attempt.exits()) {
    AddEvent(events, exit.at(), worker, [&](v1::Event& event) {
      event.mutable_rank_exited()->set_job_id(id);
      event.mutable_rank_exited()->set_attempt(summary.attempt());
      *event.mutable_rank_exited()->mutable_exit() = exit;
    });
  }
  AddEvent(events, summary.ended_at(), "coordinator",
           [&](v1::Event& event) { *event.mutable_attempt_ended() = EndOf(record.job(), summary); });
}

}  // namespace

v1::JobRecord History::Record(int index) const {
  const bool ends = index < options_.ended;
  const std::uint64_t bits = Mix(options_.seed, static_cast<std::uint64_t>(index));
  const absl::Duration age =
      ends ? options_.span * (1.0 - static_cast<double>(index) / std::max(options_.ended, 1))
           : absl::ZeroDuration();
  // Ids sort by submission, to the millisecond.
  const absl::Time submitted = options_.now - absl::Hours(3) - age + absl::Milliseconds(index);
  v1::JobRecord record;
  v1::Job& job = *record.mutable_job();
  job.set_id(MakeJobId(submitted, bits));
  job.set_owner(absl::StrCat("user-", bits % kOwners));
  *job.mutable_spec() = SpecOf(index, ends ? kRanks : 1);
  record.set_spec_hash(SpecHash(job.spec()));
  v1::JobStatus& status = *job.mutable_status();
  status.set_phase(v1::PHASE_QUEUED);
  status.set_reason(v1::REASON_EVALUATING);
  *status.mutable_submitted_at() = ToProto(submitted);
  *status.mutable_phase_since() = status.submitted_at();
  if (ends) EndJob(bits, submitted, record);
  return record;
}

void History::EndJob(std::uint64_t bits, absl::Time submitted, v1::JobRecord& record) const {
  const Ending ending = EndingOf(bits);
  const absl::Time ended = submitted + absl::Minutes(20 + static_cast<int>(bits % 100));
  v1::JobStatus& status = *record.mutable_job()->mutable_status();
  status.set_phase(ending.phase);
  status.set_reason(ending.reason);
  status.set_message(ending.message);
  status.set_failure(ending.failure);
  status.set_attempt(1);
  status.set_step(kSteps);
  status.set_total_steps(kSteps);
  status.set_epoch(100);
  status.set_precision("fp32");
  *status.mutable_started_at() = ToProto(submitted + absl::Seconds(9));
  *status.mutable_ended_at() = *status.mutable_phase_since() = ToProto(ended);
  *record.add_attempts() = AttemptOf(ending, bits, submitted, ended);
  *status.mutable_results() = record.attempts(0).exits(0).results();
  const std::string& id = record.job().id();
  *record.add_checkpoints() = CheckpointOf(id, kSteps / 2, bits, submitted + absl::Minutes(10));
  *record.add_checkpoints() = CheckpointOf(id, kSteps, bits, ended - absl::Seconds(1));
}

std::vector<v1::Event> History::EventsOf(const v1::JobRecord& record) {
  std::vector<v1::Event> events;
  AddEvent(events, record.job().status().submitted_at(), record.job().owner(),
           [&](v1::Event& event) { *event.mutable_job_submitted() = SubmissionOf(record); });
  for (const v1::AttemptRecord& attempt : record.attempts()) AddAttempt(record, attempt, events);
  return events;
}

}  // namespace simclr::bench
