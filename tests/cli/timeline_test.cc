#include "cli/timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/job/proto_time.h"

namespace simclr::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

google::protobuf::Timestamp At(double second) {
  return ToProto(absl::FromUnixSeconds(1'800'000'000) + absl::Seconds(second));
}

absl::Time TimeAt(double second) {
  return FromProto(At(second));
}

void AddCheckpoint(v1::ListCheckpointsResponse& list, int attempt, std::int64_t step, double second) {
  v1::Checkpoint& checkpoint = *list.add_checkpoints();
  checkpoint.set_attempt(attempt);
  checkpoint.set_step(step);
  checkpoint.set_bytes(3 << 20);
  *checkpoint.mutable_committed_at() = At(second);
  *checkpoint.mutable_write_time() = ToProto(absl::Milliseconds(400));
}

// Two attempts: the first one lost its worker 20 seconds after a checkpoint.
v1::Job RestartedJob() {
  v1::Job job;
  job.set_owner("ann");
  v1::JobStatus& status = *job.mutable_status();
  status.set_phase(v1::PHASE_SUCCEEDED);
  *status.mutable_submitted_at() = At(0);
  v1::AttemptSummary& first = *status.add_attempts();
  first.set_attempt(1);
  *first.mutable_queued_at() = At(0);
  *first.mutable_placed_at() = At(10);
  *first.mutable_running_at() = At(15.5);
  *first.mutable_ended_at() = At(100);
  first.set_ended_by(v1::FAILURE_CLASS_WORKER_LOST);
  first.set_message("worker-2 was silent");
  first.set_step(48);
  *first.mutable_lost_time() = ToProto(absl::Seconds(20));
  v1::AttemptSummary& second = *status.add_attempts();
  second.set_attempt(2);
  *second.mutable_queued_at() = At(100);
  *second.mutable_placed_at() = At(105);
  *second.mutable_running_at() = At(110);
  second.set_resumed_from_step(40);
  *second.mutable_ended_at() = At(170);
  second.set_ended_by(v1::FAILURE_CLASS_SUCCESS);
  second.set_step(100);
  *status.mutable_ended_at() = At(170);
  return job;
}

TEST(Timeline, TellsAJobFromSubmissionToEnd) {
  v1::ListCheckpointsResponse checkpoints;
  AddCheckpoint(checkpoints, 1, 40, 80);
  EXPECT_EQ(TimelineText(TimelineOf(RestartedJob(), checkpoints, TimeAt(5000))),
            "  TIME                 SINCE BEFORE  EVENT          ATTEMPT  STEP  MESSAGE\n"
            "  2027-01-15 08:00:00  -             submitted      -        -     by ann\n"
            "  2027-01-15 08:00:10  +10.0s        placed         1        -     -\n"
            "  2027-01-15 08:00:15  +5.5s         training       1        0     -\n"
            "  2027-01-15 08:01:20  +1m4s         checkpoint     1        40    3.0 MiB written in 400ms\n"
            "  2027-01-15 08:01:40  +20.0s        attempt ended  1        48    worker lost (lost 20.0s): "
            "worker-2 was silent\n"
            "  2027-01-15 08:01:45  +5.0s         placed         2        -     -\n"
            "  2027-01-15 08:01:50  +5.0s         training       2        40    -\n"
            "  2027-01-15 08:02:50  +1m           attempt ended  2        100   success\n"
            "  2027-01-15 08:02:50  +0s           ended          -        -     SUCCEEDED\n"
            "  In total: queued 15.0s, starting 10.5s, training 2m24s, of which lost 20.0s\n");
}

TEST(Timeline, CountsWhatStillLastsUpToNow) {
  v1::Job job = RestartedJob();
  v1::JobStatus& status = *job.mutable_status();
  status.set_phase(v1::PHASE_RUNNING);
  status.clear_ended_at();
  status.mutable_attempts(1)->clear_ended_at();
  const v1::Timeline timeline = TimelineOf(job, {}, TimeAt(120));
  EXPECT_EQ(FromProto(timeline.training()), absl::Seconds(94.5));
  EXPECT_EQ(timeline.events().rbegin()->event(), v1::MILESTONE_TRAINING);
  status.mutable_attempts(1)->clear_running_at();
  status.set_phase(v1::PHASE_STARTING);
  EXPECT_EQ(FromProto(TimelineOf(job, {}, TimeAt(120)).starting()), absl::Seconds(20.5));
}

TEST(Timeline, AQueuedJobHasWaitedSinceItCameIntoTheQueue) {
  v1::Job job;
  v1::JobStatus& status = *job.mutable_status();
  status.set_phase(v1::PHASE_QUEUED);
  *status.mutable_submitted_at() = At(0);
  *status.mutable_phase_since() = At(0);
  EXPECT_EQ(TimelineOf(job, {}, TimeAt(30)).events_size(), 1);
  EXPECT_EQ(FromProto(TimelineOf(job, {}, TimeAt(30)).queued()), absl::Seconds(30));
  *status.mutable_phase_since() = At(20);  // it was blocked until then
  const v1::Timeline timeline = TimelineOf(job, {}, TimeAt(30));
  ASSERT_EQ(timeline.events_size(), 2);
  EXPECT_EQ(timeline.events(1).event(), v1::MILESTONE_QUEUED);
  EXPECT_EQ(FromProto(timeline.queued()), absl::Seconds(10));
}

TEST(Timeline, ShowsWhenAJobWasCancelled) {
  v1::Job job = RestartedJob();
  v1::JobStatus& status = *job.mutable_status();
  status.set_phase(v1::PHASE_CANCELLED);
  *status.mutable_attempts(1)->mutable_stopping_at() = At(165);
  EXPECT_THAT(TimelineText(TimelineOf(job, {}, TimeAt(200))), HasSubstr("cancelling"));
  status.mutable_attempts(1)->clear_stopping_at();
  status.mutable_attempts(1)->clear_ended_at();
  status.set_phase(v1::PHASE_STOPPING);
  *status.mutable_phase_since() = At(166);
  EXPECT_EQ(TimelineOf(job, {}, TimeAt(200)).events().rbegin()->event(), v1::MILESTONE_CANCELLING);
}

TEST(Timeline, HoldsTheWholeMessageAndShowsItsFirstLine) {
  v1::Job job = RestartedJob();
  job.mutable_status()->mutable_attempts(0)->set_message(
      "ended by signal 9; end of its log:\nstep 47\nstep 48\n");
  const v1::Timeline timeline = TimelineOf(job, {}, TimeAt(200));
  EXPECT_EQ(timeline.events(3).message(),
            "worker lost (lost 20.0s): ended by signal 9; end of its log:\nstep 47\nstep 48\n");
  EXPECT_THAT(TimelineText(timeline),
              HasSubstr("worker lost (lost 20.0s): ended by signal 9; end of its log: ...\n  2027"));
}

TEST(Timeline, LeavesOutAMessageThatRepeatsTheWord) {
  v1::Job job = RestartedJob();
  v1::JobStatus& status = *job.mutable_status();
  status.set_phase(v1::PHASE_CANCELLED);
  status.set_message("cancelled");
  status.mutable_attempts(1)->set_ended_by(v1::FAILURE_CLASS_CANCELLED);
  status.mutable_attempts(1)->set_message("cancelled");
  EXPECT_THAT(TimelineText(TimelineOf(job, {}, TimeAt(200))), Not(HasSubstr("cancelled: ")));
}

TEST(Timeline, SaysForHowLongAJobBacksOff) {
  v1::Job job = RestartedJob();
  v1::JobStatus& status = *job.mutable_status();
  status.mutable_attempts()->RemoveLast();
  status.clear_ended_at();
  status.set_phase(v1::PHASE_QUEUED);
  status.set_reason(v1::REASON_BACKOFF);
  *status.mutable_phase_since() = At(100);
  *status.mutable_not_before() = At(115);
  const v1::Timeline timeline = TimelineOf(job, {}, TimeAt(101));
  EXPECT_EQ(timeline.events().rbegin()->event(), v1::MILESTONE_QUEUED);
  EXPECT_EQ(timeline.events().rbegin()->message(), "waits 15.0s before it is tried again");
}

TEST(Timeline, OfAJobOfAnOlderVersionLacksOnlyWhatNobodyKnows) {
  v1::Job job = RestartedJob();
  for (v1::AttemptSummary& attempt : *job.mutable_status()->mutable_attempts()) {
    attempt.clear_queued_at();
    attempt.clear_lost_time();
  }
  const v1::Timeline timeline = TimelineOf(job, {}, TimeAt(200));
  EXPECT_EQ(FromProto(timeline.queued()), absl::Seconds(15));
  EXPECT_EQ(FromProto(timeline.lost()), absl::ZeroDuration());
  EXPECT_EQ(timeline.events_size(), 8);
}

TEST(Timeline, ShowsTheEndsOfALongRunOfCheckpoints) {
  v1::ListCheckpointsResponse checkpoints;
  for (int i = 1; i <= 6; ++i) AddCheckpoint(checkpoints, 1, 5 * i, 20 + 5 * i);
  const v1::Timeline timeline = TimelineOf(RestartedJob(), checkpoints, TimeAt(200));
  EXPECT_EQ(timeline.events_size(), 14) << "scripts get all of them";
  const std::string text = TimelineText(timeline);
  EXPECT_THAT(text, HasSubstr("checkpoint     ...      ...   4 more\n"));
  EXPECT_THAT(text, HasSubstr("checkpoint     1        5 "));
  EXPECT_THAT(text, HasSubstr("checkpoint     1        30 "));
  EXPECT_THAT(text, Not(HasSubstr("checkpoint     1        10 ")));
}

}  // namespace
}  // namespace simclr::cli
