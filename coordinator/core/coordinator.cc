#include "coordinator/core/coordinator.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "common/base/fault_point.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/job/proto_time.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

constexpr char kSelf[] = "coordinator";

}  // namespace

absl::StatusOr<std::unique_ptr<Coordinator>> Coordinator::Open(CoordinatorOptions options, const Clock& clock,
                                                               Journal& journal, StepMetricsStore& metrics,
                                                               CoordinatorObserver& observer) {
  std::unique_ptr<Coordinator> coordinator(
      new Coordinator(std::move(options), clock, journal, metrics, observer));
  SIMCLR_RETURN_IF_ERROR(coordinator->Recover());
  return coordinator;
}

Coordinator::Coordinator(CoordinatorOptions options, const Clock& clock, Journal& journal,
                         StepMetricsStore& metrics, CoordinatorObserver& observer)
    : options_(std::move(options)),
      clock_(clock),
      journal_(journal),
      metrics_(metrics),
      observer_(observer),
      observations_(clock.Monotonic()) {}

absl::Status Coordinator::Recover() {
  absl::MutexLock lock(&mutex_);
  SIMCLR_ASSIGN_OR_RETURN(const Journal::Recovered recovered, journal_.Load());
  if (!recovered.snapshot.empty()) {
    SIMCLR_ASSIGN_OR_RETURN(state_, ClusterState::Parse(recovered.snapshot));
  }
  snapshot_revision_ = state_.revision();
  for (const v1::Event& event : recovered.events) {
    const absl::Status applied = state_.Apply(event);
    if (!applied.ok()) {
      return absl::DataLossError(absl::StrCat("the journal does not fit together: ", applied.message(),
                                              "; restore the data directory from a backup"));
    }
    last_event_at_ = FromProto(event.at());
  }
  return absl::OkStatus();
}

absl::Status Coordinator::Commit(std::vector<v1::Event> events, const std::string& actor,
                                 const Submission* submission) {
  if (events.empty()) return absl::OkStatus();
  const Moment now = Now();
  last_event_at_ = std::max(last_event_at_, now.wall);  // time stamps are in the order of revisions
  std::int64_t revision = state_.revision();
  for (v1::Event& event : events) {
    event.set_revision(++revision);
    event.set_actor(actor);
    *event.mutable_at() = ToProto(last_event_at_);
  }
  FaultPoint("journal/before-append");
  const absl::Status appended = journal_.Append(events, submission);
  if (!appended.ok()) {
    observer_.OnCommitFailed(appended);
    // Nothing was decided: who asked may ask again.
    return absl::IsResourceExhausted(appended) ? appended : absl::UnavailableError(appended.message());
  }
  FaultPoint("journal/after-append");
  observer_.OnCommit(clock_.Monotonic() - now.monotonic);
  for (const v1::Event& event : events) {
    if (const absl::Status applied = state_.Apply(event); !applied.ok()) {
      LogError("a durable event cannot be applied; this is a defect",
               {{"error", std::string(applied.message())}});
      std::abort();  // going on would act on a state that the journal does not hold
    }
    observer_.OnEvent(event);
  }
  NoteChange();
  if (state_.revision() - snapshot_revision_ >= options_.snapshot_every) {
    if (const absl::Status written = WriteSnapshot(); !written.ok()) observer_.OnCommitFailed(written);
  }
  return absl::OkStatus();
}

absl::Status Coordinator::WriteSnapshot() {
  SIMCLR_RETURN_IF_ERROR(journal_.WriteSnapshot(state_.revision(), state_.Serialize()));
  snapshot_revision_ = state_.revision();
  return absl::OkStatus();
}

absl::Status Coordinator::Snapshot() {
  absl::MutexLock lock(&mutex_);
  return WriteSnapshot();
}

void Coordinator::NoteChange() {
  ++changes_;
  options_.wants_tick();
}

Situation Coordinator::SituationAt(const Moment& now) const {
  return {options_.policy, state_, observations_, now};
}

void Coordinator::Tick() {
  absl::MutexLock lock(&mutex_);
  const Moment now = Now();
  const Situation situation = SituationAt(now);
  const auto commit = [this](std::vector<v1::Event> events) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const absl::Status status = Commit(std::move(events), kSelf);
    if (!status.ok()) LogError("decisions are put off", {{"error", std::string(status.message())}});
    observations_.FollowAttempts(state_, clock_.Monotonic());
    return status.ok();
  };
  observations_.FollowAttempts(state_, now.monotonic);
  if (!commit(DecideGoneWorkers(situation)) || !commit(DecideEndedAttempts(situation)) ||
      !commit(DecideRunningAttempts(situation)) || !commit(DecideReadyJobs(situation))) {
    return;
  }
  commit(DecidePlacements(situation, options_.random()));
}

std::int64_t Coordinator::revision() const {
  absl::MutexLock lock(&mutex_);
  return state_.revision();
}

std::int64_t Coordinator::WaitForChange(std::int64_t seen, absl::Duration timeout) const {
  absl::MutexLock lock(&mutex_);
  const auto changed = [this, seen]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return changes_ > seen; };
  mutex_.AwaitWithTimeout(absl::Condition(&changed), timeout);
  return changes_;
}

std::vector<v1::Worker> Coordinator::ListWorkers() const {
  absl::MutexLock lock(&mutex_);
  const absl::Duration now = clock_.Monotonic();
  std::vector<v1::Worker> workers;
  for (const auto& [name, record] : state_.workers()) {
    v1::Worker& worker = workers.emplace_back(record.worker());
    worker.set_state(observations_.StateOf(options_.policy.liveness, state_, record, now));
    const Observations::WorkerNews* news = observations_.FindWorker(name);
    if (news != nullptr) *worker.mutable_last_seen() = ToProto(news->heard_at_wall);
    for (v1::Slot& slot : *worker.mutable_slots()) {
      const auto held = state_.allocations().find({name, slot.index()});
      if (held == state_.allocations().end()) continue;
      const v1::AttemptRecord& attempt = *LiveAttempt(*state_.FindJob(held->second));
      slot.set_job_id(held->second);
      slot.set_attempt(attempt.summary().attempt());
      for (const v1::RankRecord& rank : attempt.ranks()) {
        if (rank.worker() == name && rank.slot() == slot.index()) slot.set_rank(rank.rank());
      }
    }
  }
  return workers;
}

}  // namespace simclr::coordinator
