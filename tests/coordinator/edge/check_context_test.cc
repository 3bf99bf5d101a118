#include "coordinator/edge/check_context.h"

#include <gmock/gmock.h>

#include <string>

#include "common/edge/message_refusal.h"

namespace simclr::coordinator {
namespace {

using ::testing::HasSubstr;

std::string Text(const absl::Status& status) {
  EXPECT_EQ(RefusalReason(status), "context") << status;
  return std::string(status.message());
}

v1::Observed TwoSlots() {
  v1::Observed observed;
  observed.set_worker("worker-1");
  for (int i = 0; i < 2; ++i) {
    v1::Slot& slot = *observed.add_slots();
    slot.set_index(i);
    slot.set_device(v1::DEVICE_CPU);
  }
  return observed;
}

TEST(CheckObserved, SlotsAreNumberedFromZeroEachOnce) {
  v1::Observed observed = TwoSlots();
  EXPECT_EQ(CheckObserved(observed), absl::OkStatus());
  observed.mutable_slots(1)->set_index(0);
  EXPECT_THAT(Text(CheckObserved(observed)), HasSubstr("lists slot 0 twice"));
  observed.mutable_slots(1)->set_index(2);
  EXPECT_THAT(Text(CheckObserved(observed)), HasSubstr("index 2, but there are 2"));
}

TEST(CheckObserved, SlotsAreCpuOrCuda) {
  v1::Observed observed = TwoSlots();
  observed.mutable_slots(0)->set_device(v1::DEVICE_AUTO);
  EXPECT_THAT(Text(CheckObserved(observed)), HasSubstr("slot 0 is of device"));
  observed.mutable_slots(0)->set_device(v1::DEVICE_CUDA);
  EXPECT_EQ(CheckObserved(observed), absl::OkStatus());
}

TEST(CheckObserved, ARankIsThereOnceAPlacement) {
  v1::Observed observed = TwoSlots();
  for (int i = 0; i < 2; ++i) observed.add_ranks()->set_job_id("j-1");
  EXPECT_THAT(Text(CheckObserved(observed)), HasSubstr("rank 0 of job j-1 attempt 0 twice"));
  // One that dies, and its successor of another placement.
  observed.mutable_ranks(1)->set_nonce("77");
  EXPECT_EQ(CheckObserved(observed), absl::OkStatus());
  observed.mutable_ranks(1)->clear_job_id();
  EXPECT_THAT(Text(CheckObserved(observed)), HasSubstr("job_id is empty"));
}

TEST(CheckObserved, AStateNamesItsWorker) {
  EXPECT_THAT(Text(CheckObserved(v1::Observed())), HasSubstr("worker is empty"));
}

TEST(CheckExit, HowTheProcessEndedFitsWhatEndedTheRank) {
  v1::ReportExitRequest exit;
  exit.set_job_id("j-1");
  exit.set_failure(v1::FAILURE_CLASS_SUCCESS);
  EXPECT_EQ(CheckExit(exit), absl::OkStatus());
  exit.set_exit_code(20);
  EXPECT_THAT(Text(CheckExit(exit)), HasSubstr("success beside exit_code 20"));
  exit.set_failure(v1::FAILURE_CLASS_CRASH);
  exit.set_signal(9);
  EXPECT_THAT(Text(CheckExit(exit)), HasSubstr("signal is 9 beside exit_code 20"));
  exit.set_exit_code(-1);
  EXPECT_EQ(CheckExit(exit), absl::OkStatus());
  exit.clear_job_id();
  EXPECT_THAT(Text(CheckExit(exit)), HasSubstr("job_id is empty"));
}

TEST(CheckCommit, TheFilesAreBelowTheJobsCheckpoints) {
  v1::CommitCheckpointRequest request;
  v1::Checkpoint& checkpoint = *request.mutable_checkpoint();
  checkpoint.set_job_id("j-1");
  checkpoint.set_attempt(1);
  checkpoint.set_path("j-1/checkpoints/a1-s5");
  EXPECT_EQ(CheckCommit(request), absl::OkStatus());
  for (const char* path : {"", "j-2/checkpoints/a1-s5", "j-1/checkpoints", "j-1/checkpoints/../../j-2/a",
                           "/j-1/checkpoints/a1-s5", "j-1/checkpoints//a1-s5", "j-1/logs/a"}) {
    checkpoint.set_path(path);
    EXPECT_THAT(Text(CheckCommit(request)), HasSubstr("must be below j-1/checkpoints/")) << path;
  }
}

TEST(CheckCommit, ADigestIsWholeAndAnAttemptIsThere) {
  v1::CommitCheckpointRequest request;
  v1::Checkpoint& checkpoint = *request.mutable_checkpoint();
  checkpoint.set_job_id("j-1");
  checkpoint.set_path("j-1/checkpoints/a1-s5");
  EXPECT_THAT(Text(CheckCommit(request)), HasSubstr("attempt is 0"));
  checkpoint.set_attempt(1);
  checkpoint.set_digest(std::string(63, 'a'));
  EXPECT_THAT(Text(CheckCommit(request)), HasSubstr("has 63 digits"));
  checkpoint.set_digest(std::string(64, 'a'));
  EXPECT_EQ(CheckCommit(request), absl::OkStatus());
}

TEST(CheckMetrics, SamplesAreOfThisAttemptAndOfSteps) {
  v1::PushMetricsRequest push;
  push.set_job_id("j-1");
  push.set_attempt(2);
  v1::StepMetrics& sample = *push.add_samples();
  EXPECT_THAT(Text(CheckMetrics(push)), HasSubstr("step 0"));
  sample.set_step(1);
  EXPECT_EQ(CheckMetrics(push), absl::OkStatus());
  sample.set_attempt(1);
  EXPECT_THAT(Text(CheckMetrics(push)), HasSubstr("attempt 1 in a push of attempt 2"));
}

TEST(CheckContext, AnyOtherRequestHasNoContext) {
  EXPECT_EQ(CheckContext(v1::LogPiece()), absl::OkStatus());
  EXPECT_FALSE(CheckContext(v1::Observed()).ok());
}

}  // namespace
}  // namespace simclr::coordinator
