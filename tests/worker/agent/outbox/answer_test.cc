#include "worker/agent/outbox/answer.h"

#include <gtest/gtest.h>

namespace simclr::agent {
namespace {

TEST(Answer, TellsWhatPassesFromWhatNeverWill) {
  EXPECT_EQ(JudgeAnswer(absl::OkStatus()), Answer::kTaken);
  EXPECT_EQ(JudgeAnswer(absl::FailedPreconditionError("stale attempt")), Answer::kStale);
  EXPECT_EQ(JudgeAnswer(absl::UnavailableError("")), Answer::kAway);
  EXPECT_EQ(JudgeAnswer(absl::DeadlineExceededError("")), Answer::kAway);
  EXPECT_EQ(JudgeAnswer(absl::ResourceExhaustedError("disk full")), Answer::kAway);
  EXPECT_EQ(JudgeAnswer(absl::PermissionDeniedError("")), Answer::kNotNow);
  EXPECT_EQ(JudgeAnswer(absl::InvalidArgumentError("")), Answer::kDoubtful);
  EXPECT_EQ(JudgeAnswer(absl::InternalError("")), Answer::kDoubtful);
  EXPECT_EQ(JudgeAnswer(absl::UnknownError("")), Answer::kDoubtful);
  EXPECT_EQ(JudgeAnswer(absl::UnimplementedError("")), Answer::kRefused);
}

}  // namespace
}  // namespace simclr::agent
