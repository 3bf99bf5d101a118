#include "coordinator/metrics/event_metrics.h"

#include "common/base/logging.h"
#include "common/base/session_refusal.h"
#include "coordinator/metrics/seconds.h"
#include "coordinator/metrics/words.h"

namespace simclr::coordinator {
namespace {

std::string ErrorCode(const absl::Status& status) {
  if (absl::IsResourceExhausted(status)) return "full";
  if (absl::IsDataLoss(status)) return "corrupt";
  return absl::IsUnavailable(status) ? "busy" : "other";
}

std::string HeartbeatResult(const absl::Status& taken) {
  if (taken.ok()) return "accepted";
  if (absl::IsInvalidArgument(taken)) return "malformed";
  if (const auto refusal = SessionRefusalOf(taken)) return Word(*refusal);
  return absl::IsFailedPrecondition(taken) ? "refused" : "failed";
}

const char* BoolWord(bool value) {
  return value ? "true" : "false";
}

}  // namespace

EventMetrics::EventMetrics(prometheus::Registry& registry)
    : submitted_(registry, "simclr_coordinator_jobs_submitted_total"),
      finished_(registry, "simclr_coordinator_jobs_finished_total"),
      phases_(registry, "simclr_coordinator_job_phase_duration_seconds"),
      attempts_ended_(registry, "simclr_coordinator_attempts_ended_total"),
      restarts_(registry, "simclr_coordinator_restarts_total"),
      slot_seconds_(registry, "simclr_coordinator_slot_seconds_total"),
      lost_seconds_(registry, "simclr_coordinator_lost_work_seconds_total"),
      decisions_(registry, "simclr_coordinator_schedule_decisions_total"),
      scheduling_(registry, "simclr_coordinator_schedule_duration_seconds"),
      heartbeats_(registry, "simclr_coordinator_heartbeats_total"),
      workers_gone_(registry, "simclr_coordinator_workers_lost_total"),
      stale_writes_(registry, "simclr_coordinator_stale_writes_total"),
      checkpoint_commits_(registry, "simclr_coordinator_checkpoint_commits_total"),
      checkpoint_write_(registry, "simclr_coordinator_checkpoint_write_seconds"),
      transaction_(registry, "simclr_coordinator_db_transaction_seconds"),
      database_errors_(registry, "simclr_coordinator_db_errors_total"),
      invariant_refusals_(registry, "simclr_coordinator_invariant_refusals_total"),
      ticks_(registry, "simclr_coordinator_tick_duration_seconds"),
      slices_(registry, "simclr_coordinator_tick_piece_seconds") {
  ShowZeros();
  for (const v1::JobKind kind : AllKinds()) ShowZeros(kind);
}

void EventMetrics::ShowZeros() {
  for (Counters* counters :
       {&decisions_, &heartbeats_, &workers_gone_, &stale_writes_, &checkpoint_commits_, &database_errors_}) {
    counters->ShowZeros();
  }
  for (Histograms* histograms : {&scheduling_, &checkpoint_write_, &transaction_, &ticks_, &slices_}) {
    histograms->Of({});
  }
  invariant_refusals_.Of({});
}

void EventMetrics::ShowZeros(v1::JobKind kind) {
  const std::string word = Word(kind);
  for (Counters* counters : {&submitted_, &slot_seconds_, &lost_seconds_}) counters->Of({word});
  for (const JobEnd& end : AllJobEnds()) finished_.Of({word, Word(end.phase), Word(end.reason)});
  for (const v1::Phase phase : AllPhases()) {
    if (!IsTerminal(phase)) phases_.Of({word, Word(phase)});
  }
  for (const v1::FailureClass failure : AllFailures()) attempts_ended_.Of({word, Word(failure)});
  for (const RestartCause& cause : AllRestartCauses()) {
    restarts_.Of({word, Word(cause.failure), BoolWord(cause.counted)});
  }
}

void EventMetrics::OnEvent(const v1::Event& event, const v1::JobRecord* job, const PhaseSpan& before) {
  if (event.has_worker_gone()) workers_gone_.Of({event.worker_gone().left() ? "left" : "silent"}).Increment();
  if (job == nullptr) return;
  OnJobEvent(event, *job);
  if (job->job().status().phase() != before.phase) OnPhase(event, *job, before);
}

void EventMetrics::OnJobEvent(const v1::Event& event, const v1::JobRecord& job) {
  switch (event.change_case()) {
    case v1::Event::kJobSubmitted:
      return submitted_.Of({Word(job.job().spec().kind())}).Increment();
    case v1::Event::kAttemptPlaced:
      return decisions_.Of({"placed"}).Increment();
    case v1::Event::kJobWaits:
      return decisions_.Of({Word(event.job_waits().reason())}).Increment();
    case v1::Event::kCheckpointCommitted:
      checkpoint_commits_.Of({"committed"}).Increment();
      return checkpoint_write_.Of({}).Observe(
          Seconds(event.checkpoint_committed().checkpoint().write_time()));
    case v1::Event::kAttemptEnded:
      return OnAttemptEnded(event.attempt_ended(), job);
    default:
      return;
  }
}

void EventMetrics::OnPhase(const v1::Event& event, const v1::JobRecord& job, const PhaseSpan& before) {
  const v1::JobStatus& status = job.job().status();
  const std::string kind = Word(job.job().spec().kind());
  const bool timed = before.phase != v1::PHASE_UNSPECIFIED && before.since.seconds() > 0;
  if (timed) phases_.Of({kind, Word(before.phase)}).Observe(Seconds(event.at() - before.since));
  if (IsTerminal(status.phase())) {
    finished_.Of({kind, Word(status.phase()), Word(status.reason())}).Increment();
  }
}

void EventMetrics::OnAttemptEnded(const v1::AttemptEnded& ended, const v1::JobRecord& job) {
  const std::string kind = Word(job.job().spec().kind());
  attempts_ended_.Of({kind, Word(ended.failure())}).Increment();
  if (IsTerminal(ended.phase())) return;
  restarts_.Of({kind, Word(ended.failure()), BoolWord(ended.counted())}).Increment();
  const v1::AttemptRecord& attempt = *FindAttempt(job, ended.attempt());
  lost_seconds_.Of({kind}).Increment(Seconds(attempt.summary().lost_time()) * attempt.ranks_size());
}

void EventMetrics::OnCommit(absl::Duration duration) {
  transaction_.Of({}).Observe(absl::ToDoubleSeconds(duration));
}

void EventMetrics::OnCommitFailed(const absl::Status& status) {
  LogError("the journal cannot be written", {{"error", std::string(status.message())}});
  database_errors_.Of({ErrorCode(status)}).Increment();
}

void EventMetrics::OnInvariantRefused(const absl::Status& status) {
  LogError("an event that does not fit was kept out of the journal; this is a defect",
           {{"error", std::string(status.message())}});
  invariant_refusals_.Of({}).Increment();
}

void EventMetrics::OnStaleRefused(const std::string& operation) {
  stale_writes_.Of({operation}).Increment();
  if (operation == "checkpoint") checkpoint_commits_.Of({"refused"}).Increment();
}

void EventMetrics::OnHeartbeat(const absl::Status& taken) {
  heartbeats_.Of({HeartbeatResult(taken)}).Increment();
}

void EventMetrics::OnScheduled(absl::Duration duration) {
  scheduling_.Of({}).Observe(absl::ToDoubleSeconds(duration));
}

void EventMetrics::OnSlice(absl::Duration duration) {
  slices_.Of({}).Observe(absl::ToDoubleSeconds(duration));
}

void EventMetrics::OnTick(absl::Duration duration) {
  ticks_.Of({}).Observe(absl::ToDoubleSeconds(duration));
}

void EventMetrics::OnSlotsHeld(v1::JobKind kind, absl::Duration slot_time) {
  slot_seconds_.Of({Word(kind)}).Increment(absl::ToDoubleSeconds(slot_time));
}

}  // namespace simclr::coordinator
