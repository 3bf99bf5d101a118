#include "coordinator/core/coordinator.h"

#include <algorithm>
#include <cstdlib>
#include <map>

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
      observations_(clock.Monotonic()),
      slots_counted_at_(clock.Monotonic()) {}

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
  for (const v1::Event& event : events) ApplyDurable(event);
  NoteChange();
  if (state_.revision() - snapshot_revision_ >= options_.snapshot_every) {
    if (const absl::Status written = WriteSnapshot(); !written.ok()) observer_.OnCommitFailed(written);
  }
  return absl::OkStatus();
}

void Coordinator::ApplyDurable(const v1::Event& event) {
  PhaseSpan before;
  const std::string id = JobOf(event);
  if (const v1::JobRecord* job = state_.FindJob(id)) {
    before = {job->job().status().phase(), job->job().status().phase_since()};
  }
  if (const absl::Status applied = state_.Apply(event); !applied.ok()) {
    LogError("a durable event cannot be applied; this is a defect",
             {{"error", std::string(applied.message())}});
    std::abort();  // going on would act on a state that the journal does not hold
  }
  observer_.OnEvent(event, state_.FindJob(id), before);
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

void Coordinator::NoteSlotTime(const Moment& now) {
  const absl::Duration passed = now.monotonic - slots_counted_at_;
  slots_counted_at_ = now.monotonic;
  std::map<v1::JobKind, int> held;
  for (const auto& [slot, job] : state_.allocations()) ++held[state_.FindJob(job)->job().spec().kind()];
  for (const auto& [kind, slots] : held) observer_.OnSlotsHeld(kind, slots * passed);
}

void Coordinator::Tick() {
  absl::MutexLock lock(&mutex_);
  const Moment now = Now();
  NoteSlotTime(now);
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
  const absl::Duration start = clock_.Monotonic();
  std::vector<v1::Event> placements = DecidePlacements(situation, options_.random());
  observer_.OnScheduled(clock_.Monotonic() - start);
  commit(std::move(placements));
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

}  // namespace simclr::coordinator
