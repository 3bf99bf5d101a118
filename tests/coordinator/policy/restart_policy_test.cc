#include "coordinator/policy/restart_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/job/enum_word.h"

#include "common/base/text.h"

namespace simclr::coordinator {
namespace {

using ::testing::HasSubstr;

AttemptEnd End(v1::FailureClass failure) {
  AttemptEnd end;
  end.failure = failure;
  end.message = "why";
  end.max_restarts = 3;
  end.committed = true;
  return end;
}

Verdict Decide(const AttemptEnd& end) {
  return DecideAfterAttempt({}, end);
}

TEST(RestartPolicy, FailsUserErrorsAtOnce) {
  for (const v1::FailureClass failure : {v1::FAILURE_CLASS_CONFIG_ERROR, v1::FAILURE_CLASS_DATA_ERROR,
                                         v1::FAILURE_CLASS_NON_FINITE, v1::FAILURE_CLASS_OUT_OF_MEMORY}) {
    EXPECT_EQ(Decide(End(failure)).phase, v1::PHASE_FAILED) << EnumPhrase(failure);
    EXPECT_EQ(Decide(End(failure)).reason, v1::REASON_FAILURE) << EnumPhrase(failure);
    EXPECT_THAT(Decide(End(failure)).message, HasSubstr("why"));
  }
}

TEST(RestartPolicy, BoundsTheMessageAndKeepsWhatFollowsIt) {
  AttemptEnd end = End(v1::FAILURE_CLASS_NON_FINITE);
  end.message = std::string(1 << 20, 'x');
  end.last_good_step = 40;
  EXPECT_LE(Decide(end).message.size(), kMaxMessageText);
  EXPECT_THAT(Decide(end).message, HasSubstr("step 40"));
}

TEST(RestartPolicy, NamesTheLastGoodCheckpointOfANonFiniteLoss) {
  AttemptEnd end = End(v1::FAILURE_CLASS_NON_FINITE);
  end.last_good_step = 40;
  EXPECT_THAT(Decide(end).message, HasSubstr("step 40"));
}

TEST(RestartPolicy, CountsACrashAndNothingElse) {
  EXPECT_TRUE(Decide(End(v1::FAILURE_CLASS_CRASH)).counted);
  for (const v1::FailureClass failure : {v1::FAILURE_CLASS_WORKER_LOST, v1::FAILURE_CLASS_PEER_LOST,
                                         v1::FAILURE_CLASS_HARDWARE, v1::FAILURE_CLASS_HANG}) {
    EXPECT_FALSE(Decide(End(failure)).counted) << EnumPhrase(failure);
    EXPECT_EQ(Decide(End(failure)).phase, v1::PHASE_QUEUED) << EnumPhrase(failure);
  }
}

TEST(RestartPolicy, StopsWhenTheBudgetIsUsedUp) {
  AttemptEnd end = End(v1::FAILURE_CLASS_CRASH);
  end.restarts = 2;
  EXPECT_EQ(Decide(end).phase, v1::PHASE_QUEUED);
  end.restarts = 3;
  EXPECT_EQ(Decide(end).phase, v1::PHASE_FAILED);
  EXPECT_EQ(Decide(end).reason, v1::REASON_RESTARTS_EXHAUSTED);
}

TEST(RestartPolicy, DoublesTheWaitUpToItsLimit) {
  AttemptEnd end = End(v1::FAILURE_CLASS_CRASH);
  end.max_restarts = 100;
  const int expected[] = {5, 10, 20, 40, 80, 160, 300, 300};
  for (int i = 0; i < 8; ++i) {
    end.failures_in_row = i;
    EXPECT_EQ(Decide(end).wait, absl::Seconds(expected[i])) << i;
  }
}

TEST(RestartPolicy, StartsTheWaitAnewAfterALongHealthyAttempt) {
  AttemptEnd end = End(v1::FAILURE_CLASS_CRASH);
  end.failures_in_row = 5;
  end.ran = absl::Minutes(11);
  EXPECT_EQ(Decide(end).wait, absl::Seconds(5));
}

TEST(RestartPolicy, StopsAfterThreeAttemptsWithoutACheckpointWhateverTheClass) {
  AttemptEnd end = End(v1::FAILURE_CLASS_WORKER_LOST);
  end.committed = false;
  end.fruitless_attempts = 1;
  EXPECT_EQ(Decide(end).fruitless_attempts, 2);
  end.fruitless_attempts = 2;
  EXPECT_EQ(Decide(end).reason, v1::REASON_NO_PROGRESS);
  end.committed = true;
  EXPECT_EQ(Decide(end).fruitless_attempts, 0);
}

TEST(RestartPolicy, AllowsAsManyCrashesAsTheUserDoes) {
  AttemptEnd end = End(v1::FAILURE_CLASS_CRASH);
  end.committed = false;
  end.max_restarts = 10;
  end.restarts = 9;
  end.fruitless_attempts = 9;
  EXPECT_EQ(Decide(end).phase, v1::PHASE_QUEUED);
  end.restarts = 10;
  end.fruitless_attempts = 10;
  EXPECT_EQ(Decide(end).reason, v1::REASON_RESTARTS_EXHAUSTED);
}

TEST(RestartPolicy, CountsALackOfThreadsOrFilesLikeACrash) {
  AttemptEnd end = End(v1::FAILURE_CLASS_RESOURCE);
  EXPECT_TRUE(Decide(end).counted);
  end.restarts = end.max_restarts;
  EXPECT_EQ(Decide(end).reason, v1::REASON_RESTARTS_EXHAUSTED);
}

TEST(RestartPolicy, CountsAnErrorOfTheHardwareThatFollowedTheJob) {
  AttemptEnd end = End(v1::FAILURE_CLASS_HARDWARE);
  EXPECT_FALSE(Decide(end).counted);
  end.jobs_fault = true;
  EXPECT_TRUE(Decide(end).counted);
  end.restarts = end.max_restarts;
  EXPECT_EQ(Decide(end).reason, v1::REASON_RESTARTS_EXHAUSTED);
}

TEST(RestartPolicy, NeverEndsAJobThatMeetsAnUpdate) {
  AttemptEnd end = End(v1::FAILURE_CLASS_BUILD_DIFFERS);
  end.committed = false;
  end.fruitless_attempts = 2;
  EXPECT_EQ(Decide(end).phase, v1::PHASE_QUEUED);
  EXPECT_FALSE(Decide(end).counted);
  EXPECT_GT(Decide(end).wait, absl::ZeroDuration());
}

TEST(RestartPolicy, PausesOnAFullDiskAndTriesAgainLater) {
  const Verdict verdict = Decide(End(v1::FAILURE_CLASS_STORAGE_FULL));
  EXPECT_EQ(verdict.phase, v1::PHASE_PAUSED);
  EXPECT_EQ(verdict.wait, absl::Minutes(5));
}

TEST(RestartPolicy, QueuesADrainedJobWithoutAWait) {
  const Verdict verdict = Decide(End(v1::FAILURE_CLASS_DRAINED));
  EXPECT_EQ(verdict.phase, v1::PHASE_QUEUED);
  EXPECT_EQ(verdict.wait, absl::ZeroDuration());
}

}  // namespace
}  // namespace simclr::coordinator
