#include "tests/support/random_events.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "coordinator/state/job_record.h"
#include "tests/support/test_events.h"

namespace simclr::coordinator {
namespace {

constexpr int kSlots = 4;

}  // namespace

v1::Event RandomEvents::Next(const StateReader& state) {
  const std::string job = AnyJob(state);
  switch (Below(12)) {
    case 0:
      return Submitted(state);
    case 1:
      return JobWaitsEvent(job, static_cast<v1::Reason>(Below(v1::Reason_ARRAYSIZE)));
    case 2:
      return JobQueuedEvent(job);
    case 3:
      return JobEndedEvent(job, OneIn(4) ? AnyPhase() : v1::PHASE_CANCELLED);
    case 4:
      return JobStoppingEvent(job);
    case 5:
      return OfWorker();
    case 6:
    case 7:
    case 8:
      return Placed(state, job);
    default:
      return OfAttempt(state, job);
  }
}

// Of the newest few, mostly.
std::string RandomEvents::AnyJob(const StateReader& state) {
  if (jobs_.empty() || OneIn(20)) return "j-0";
  const int size = static_cast<int>(jobs_.size());
  for (int tries = 0; tries < 4; ++tries) {
    const std::string& id = jobs_[static_cast<std::size_t>(size - 1 - Below(std::min(size, 6)))];
    if (state.FindJob(id) != nullptr) return id;
  }
  return jobs_[static_cast<std::size_t>(Below(size))];
}

v1::Event RandomEvents::Submitted(const StateReader& state) {
  std::string id = absl::StrFormat("j-%06d", jobs_.size() + 1);
  if (OneIn(8) && !jobs_.empty()) id = jobs_.back();
  v1::Event event =
      SubmittedEvent(id, 1 + Below(3), "name-" + std::to_string(Below(3)), OneIn(2) ? "ann" : "bob");
  v1::JobSubmitted& submitted = *event.mutable_job_submitted();
  if (OneIn(3)) {
    const std::string after = AnyJob(state);
    submitted.mutable_job()->mutable_spec()->set_after(after);
    const JobPtr before = state.FindJob(after);
    const bool ended = before == nullptr || !IsOpen(*before);
    if (!ended) submitted.mutable_job()->mutable_status()->set_phase(v1::PHASE_BLOCKED);
    if (ended || OneIn(6)) {
      *submitted.mutable_after()->mutable_job() = SubmittedEvent(after).job_submitted().job();
      submitted.mutable_after()->mutable_job()->mutable_status()->set_phase(OneIn(6) ? AnyPhase()
                                                                                     : v1::PHASE_SUCCEEDED);
    }
  }
  if (OneIn(10)) submitted.mutable_job()->mutable_status()->set_phase(AnyPhase());
  jobs_.push_back(id);
  return event;
}

v1::RankRecord RandomEvents::AnySlot(const StateReader& state) {
  v1::RankRecord rank;
  for (int tries = 0; tries < 8; ++tries) {
    rank.set_worker(AnyWorker());
    rank.set_slot(Below(kSlots));
    if (state.HolderOf({rank.worker(), rank.slot()}).empty()) break;
  }
  return rank;
}

v1::Event RandomEvents::Placed(const StateReader& state, const std::string& id) {
  const JobPtr job = state.FindJob(id);
  v1::Event event = PlacedEventOf(id, 1 + (job == nullptr ? 0 : job->attempts_size()), {});
  v1::AttemptPlaced& placed = *event.mutable_attempt_placed();
  const int ranks = job == nullptr ? 1 : job->job().spec().resources().ranks();
  for (int i = 0; i < ranks; ++i) {
    *placed.add_ranks() = AnySlot(state);
    placed.mutable_ranks(i)->set_rank(OneIn(30) ? Below(3) : i);
  }
  if (OneIn(15)) placed.mutable_ranks()->RemoveLast();
  if (OneIn(15)) placed.set_attempt(Below(4));
  return event;
}

v1::Event RandomEvents::Committed(const StateReader& state, const std::string& id) {
  const JobPtr job = state.FindJob(id);
  v1::Event event = CommittedEvent(id, job == nullptr ? 1 : job->attempts_size(), Below(40));
  if (job == nullptr) return event;
  for (const v1::CheckpointKey& key : RetiredByCommit(*job)) {
    *event.mutable_checkpoint_committed()->add_retired() = key;
  }
  return event;
}

v1::Event RandomEvents::OfAttempt(const StateReader& state, const std::string& id) {
  const JobPtr job = state.FindJob(id);
  const int attempt = job == nullptr || OneIn(12) ? Below(3) : job->attempts_size();
  switch (Below(5)) {
    case 0:
      return RunningEventOf(id, attempt);
    case 1:
      return ExitedEvent(id, attempt, Below(3));
    case 2: {
      const v1::Phase phases[] = {v1::PHASE_QUEUED, v1::PHASE_PAUSED, v1::PHASE_FAILED, v1::PHASE_SUCCEEDED};
      v1::Event event = AttemptEndedEvent(id, attempt, OneIn(8) ? AnyPhase() : phases[Below(4)]);
      event.mutable_attempt_ended()->set_step(Below(50));
      event.mutable_attempt_ended()->set_counted(OneIn(2));
      if (OneIn(2)) event.mutable_attempt_ended()->mutable_wait()->set_seconds(Below(60));
      event.mutable_attempt_ended()->set_failure(OneIn(2) ? v1::FAILURE_CLASS_HARDWARE
                                                          : v1::FAILURE_CLASS_HANG);
      if (OneIn(2)) *event.mutable_attempt_ended()->mutable_blamed() = AnyPlace();
      return event;
    }
    default:
      return Committed(state, id);
  }
}

v1::SlotRef RandomEvents::AnyPlace() {
  v1::SlotRef slot;
  slot.set_worker(OneIn(20) ? "nobody" : AnyWorker());
  slot.set_slot(Below(kSlots));
  return slot;
}

v1::Event RandomEvents::OfWorker() {
  if (OneIn(4)) {
    v1::Event event;
    *event.mutable_slot_excluded()->mutable_slot() = AnyPlace();
    event.mutable_slot_excluded()->mutable_span()->set_seconds(Below(4000));
    return event;
  }
  return OneIn(3) ? WorkerGoneEvent(OneIn(10) ? "nobody" : AnyWorker(), OneIn(2))
                  : WorkerRegisteredEvent(AnyWorker(), 1 + static_cast<std::uint64_t>(Below(5)),
                                          1 + Below(kSlots));
}

}  // namespace simclr::coordinator
