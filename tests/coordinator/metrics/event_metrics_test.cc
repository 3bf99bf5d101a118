#include "coordinator/metrics/event_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "coordinator/metrics/words.h"
#include "coordinator/policy/restart_policy.h"
#include "tests/coordinator/metrics/metrics_text.h"

namespace simclr::coordinator {
namespace {

using ::testing::HasSubstr;

class EventMetricsTest : public ::testing::Test {
 protected:
  std::string Scrape() { return Text(registry_.Collect()); }

  // The record of a job that was in `before` since second 100 and hears of `event` at second 130.
  void Hear(v1::Event event, v1::Phase before, const v1::JobRecord& record) {
    PhaseSpan span;
    span.phase = before;
    span.since.set_seconds(100);
    event.mutable_at()->set_seconds(130);
    metrics_.OnEvent(event, &record, span);
  }

  prometheus::Registry registry_;
  EventMetrics metrics_{registry_};
};

v1::JobRecord RecordIn(v1::Phase phase, v1::Reason reason = v1::REASON_UNSPECIFIED) {
  v1::JobRecord record;
  *record.mutable_job() = JobIn(phase, reason);
  return record;
}

TEST_F(EventMetricsTest, ShowsWhatNeverHappenedAsZero) {
  const std::string text = Scrape();
  EXPECT_THAT(text, HasSubstr("simclr_coordinator_jobs_submitted_total{kind=\"linear_eval\"} 0"));
  EXPECT_THAT(text, HasSubstr("attempts_ended_total{class=\"hang\",kind=\"pretrain\"} 0"));
  EXPECT_THAT(text, HasSubstr("simclr_coordinator_db_errors_total{code=\"full\"} 0"));
  EXPECT_THAT(text, HasSubstr("job_phase_duration_seconds_count{kind=\"pretrain\",phase=\"queued\"} 0"));
}

TEST_F(EventMetricsTest, CountsSubmissionsAndPlacements) {
  v1::Event submitted;
  submitted.mutable_job_submitted();
  Hear(submitted, v1::PHASE_UNSPECIFIED, RecordIn(v1::PHASE_QUEUED));
  v1::Event placed;
  placed.mutable_attempt_placed();
  Hear(placed, v1::PHASE_QUEUED, RecordIn(v1::PHASE_STARTING));
  const std::string text = Scrape();
  EXPECT_THAT(text, HasSubstr("simclr_coordinator_jobs_submitted_total{kind=\"pretrain\"} 1"));
  EXPECT_THAT(text, HasSubstr("simclr_coordinator_schedule_decisions_total{result=\"placed\"} 1"));
  EXPECT_THAT(text, HasSubstr("job_phase_duration_seconds_sum{kind=\"pretrain\",phase=\"queued\"} 30"));
  EXPECT_THAT(text, HasSubstr("job_phase_duration_seconds_count{kind=\"pretrain\",phase=\"queued\"} 1"));
}

TEST_F(EventMetricsTest, AnEventThatChangesNoPhaseObservesNone) {
  v1::Event waits;
  waits.mutable_job_waits()->set_reason(v1::REASON_NO_SUCH_CAPACITY);
  Hear(waits, v1::PHASE_QUEUED, RecordIn(v1::PHASE_QUEUED));
  const std::string text = Scrape();
  EXPECT_THAT(text, HasSubstr("schedule_decisions_total{result=\"no_such_capacity\"} 1"));
  EXPECT_THAT(text, HasSubstr("job_phase_duration_seconds_count{kind=\"pretrain\",phase=\"queued\"} 0"));
}

TEST_F(EventMetricsTest, CountsARestartAndTheWorkThatItLost) {
  v1::JobRecord record = RecordIn(v1::PHASE_QUEUED, v1::REASON_BACKOFF);
  v1::AttemptRecord& attempt = *record.add_attempts();
  attempt.add_ranks();
  attempt.add_ranks();
  attempt.mutable_summary()->mutable_lost_time()->set_seconds(20);
  v1::Event ended;
  ended.mutable_attempt_ended()->set_attempt(1);
  ended.mutable_attempt_ended()->set_failure(v1::FAILURE_CLASS_WORKER_LOST);
  ended.mutable_attempt_ended()->set_phase(v1::PHASE_QUEUED);
  Hear(ended, v1::PHASE_RUNNING, record);
  const std::string text = Scrape();
  EXPECT_THAT(text, HasSubstr("attempts_ended_total{class=\"worker_lost\",kind=\"pretrain\"} 1"));
  EXPECT_THAT(text, HasSubstr("restarts_total{class=\"worker_lost\",counted=\"false\",kind=\"pretrain\"} 1"));
  EXPECT_THAT(text, HasSubstr("lost_work_seconds_total{kind=\"pretrain\"} 40"));  // two ranks
}

TEST_F(EventMetricsTest, ShowsTheRestartsThatThePolicyCanDecide) {
  const std::string text = Scrape();
  for (const v1::FailureClass failure : AllFailures()) {
    AttemptEnd end;
    end.failure = failure;
    end.max_restarts = 1;
    for (const bool counted : {false, true}) {
      // Of these two it depends on whether the job had them elsewhere before.
      end.jobs_fault =
          counted && (failure == v1::FAILURE_CLASS_HARDWARE || failure == v1::FAILURE_CLASS_HANG);
      const Verdict verdict = DecideAfterAttempt({}, end);
      const bool possible = !IsTerminal(verdict.phase) && verdict.counted == counted;
      const std::string series = absl::StrCat("restarts_total{class=\"", Word(failure), "\",counted=\"",
                                              counted ? "true" : "false", "\",kind=\"pretrain\"}");
      EXPECT_EQ(text.find(series) != std::string::npos, possible) << series;
    }
  }
}

TEST_F(EventMetricsTest, CountsEndedJobsByReason) {
  v1::Event ended;
  ended.mutable_attempt_ended()->set_failure(v1::FAILURE_CLASS_CRASH);
  ended.mutable_attempt_ended()->set_phase(v1::PHASE_FAILED);
  Hear(ended, v1::PHASE_RUNNING, RecordIn(v1::PHASE_FAILED, v1::REASON_RESTARTS_EXHAUSTED));
  const std::string text = Scrape();
  EXPECT_THAT(
      text,
      HasSubstr("jobs_finished_total{kind=\"pretrain\",phase=\"failed\",reason=\"restarts_exhausted\"} 1"));
  EXPECT_THAT(text, HasSubstr("restarts_total{class=\"crash\",counted=\"true\",kind=\"pretrain\"} 0"));
}

TEST_F(EventMetricsTest, TellsWhyAnAgentIsNotTaken) {
  for (const SessionRefusal why :
       {SessionRefusal::kNameTaken, SessionRefusal::kReplaced, SessionRefusal::kProtocol}) {
    metrics_.OnHeartbeat(SessionRefusalStatus(why, "not now"));
  }
  const std::string text = Scrape();
  for (const char* result : {"name_taken", "replaced", "protocol"}) {
    EXPECT_THAT(text, HasSubstr(absl::StrCat("heartbeats_total{result=\"", result, "\"} 1")));
  }
  for (const char* result : {"refused", "failed"}) {
    EXPECT_THAT(text, HasSubstr(absl::StrCat("heartbeats_total{result=\"", result, "\"} 0")));
  }
}

TEST_F(EventMetricsTest, CountsWhatTheStoreAndTheAgentsDo) {
  metrics_.OnCommit(absl::Milliseconds(3));
  metrics_.OnCommitFailed(absl::ResourceExhaustedError("no space"));
  metrics_.OnStaleRefused("checkpoint");
  metrics_.OnHeartbeat(absl::OkStatus());
  metrics_.OnHeartbeat(absl::FailedPreconditionError("other cluster"));
  metrics_.OnSlotsHeld(v1::JOB_KIND_PRETRAIN, absl::Seconds(1.5));
  v1::Event gone;
  gone.mutable_worker_gone();
  metrics_.OnEvent(gone, nullptr, {});
  const std::string text = Scrape();
  EXPECT_THAT(text, HasSubstr("db_transaction_seconds_bucket{le=\"0.005\"} 1"));
  EXPECT_THAT(text, HasSubstr("db_errors_total{code=\"full\"} 1"));
  EXPECT_THAT(text, HasSubstr("stale_writes_total{operation=\"checkpoint\"} 1"));
  EXPECT_THAT(text, HasSubstr("checkpoint_commits_total{result=\"refused\"} 1"));
  EXPECT_THAT(text, HasSubstr("heartbeats_total{result=\"accepted\"} 1"));
  EXPECT_THAT(text, HasSubstr("heartbeats_total{result=\"refused\"} 1"));
  EXPECT_THAT(text, HasSubstr("slot_seconds_total{kind=\"pretrain\"} 1.5"));
  EXPECT_THAT(text, HasSubstr("workers_lost_total{reason=\"silent\"} 1"));
}

}  // namespace
}  // namespace simclr::coordinator
