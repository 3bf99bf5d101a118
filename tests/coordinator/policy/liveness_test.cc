#include "coordinator/policy/liveness.h"

#include <gtest/gtest.h>

namespace simclr::coordinator {
namespace {

v1::WorkerState Judge(absl::Duration silent, absl::Duration since_start = absl::Hours(1),
                      absl::Duration since_progress = absl::InfiniteDuration()) {
  return JudgeWorker({}, {silent, since_start, since_progress});
}

TEST(Liveness, GoesFromAliveOverUnknownToLost) {
  EXPECT_EQ(Judge(absl::Seconds(4)), v1::WORKER_STATE_CONNECTED);
  EXPECT_EQ(Judge(absl::Seconds(6)), v1::WORKER_STATE_UNKNOWN);
  EXPECT_EQ(Judge(absl::Seconds(14)), v1::WORKER_STATE_UNKNOWN);
  EXPECT_EQ(Judge(absl::Seconds(16)), v1::WORKER_STATE_LOST);
}

TEST(Liveness, LosesNobodyInTheReattachWindow) {
  EXPECT_EQ(Judge(absl::Seconds(29), absl::Seconds(29)), v1::WORKER_STATE_UNKNOWN);
  EXPECT_EQ(Judge(absl::Seconds(31), absl::Seconds(31)), v1::WORKER_STATE_LOST);
}

TEST(Liveness, TakesProgressOfTheGangForLifeUpToTheOrphanLimit) {
  EXPECT_EQ(Judge(absl::Minutes(5), absl::Hours(1), absl::Seconds(1)), v1::WORKER_STATE_UNKNOWN);
  EXPECT_EQ(Judge(absl::Minutes(5), absl::Hours(1), absl::Seconds(20)), v1::WORKER_STATE_LOST);
  EXPECT_EQ(Judge(absl::Minutes(11), absl::Hours(1), absl::Seconds(1)), v1::WORKER_STATE_LOST);
}

}  // namespace
}  // namespace simclr::coordinator
