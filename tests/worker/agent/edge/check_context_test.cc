#include "worker/agent/edge/check_context.h"

#include <gmock/gmock.h>

#include <string>

#include "common/edge/message_refusal.h"

namespace simclr::agent {
namespace {

using ::testing::HasSubstr;

std::string Text(const absl::Status& status) {
  EXPECT_EQ(RefusalReason(status), "context") << status;
  return std::string(status.message());
}

v1::DesiredRank& AddRank(v1::Desired& desired, int rank) {
  v1::DesiredRank& wanted = *desired.add_ranks();
  wanted.set_job_id("j-1");
  wanted.set_attempt(1);
  wanted.set_rank(rank);
  wanted.set_world_size(2);
  return wanted;
}

TEST(CheckDesired, EachRankIsWantedOnceAndBelowItsWorldSize) {
  v1::Desired desired;
  AddRank(desired, 0);
  AddRank(desired, 1);
  EXPECT_EQ(CheckDesired(desired), absl::OkStatus());
  desired.mutable_ranks(1)->set_rank(0);
  EXPECT_THAT(Text(CheckDesired(desired)), HasSubstr("rank 0 of job j-1 attempt 1 twice"));
  desired.mutable_ranks(1)->set_rank(2);
  EXPECT_THAT(Text(CheckDesired(desired)), HasSubstr("rank 2 of job j-1 is not below world_size 2"));
  desired.mutable_ranks(1)->clear_job_id();
  EXPECT_THAT(Text(CheckDesired(desired)), HasSubstr("job_id is empty"));
}

TEST(CheckDesired, ARankResumesOnlyFromItsOwnJob) {
  v1::Desired desired;
  v1::Checkpoint& resume = *AddRank(desired, 0).add_resume();
  resume.set_path("j-1/checkpoints/a1-s5");
  EXPECT_EQ(CheckDesired(desired), absl::OkStatus());
  for (const char* path : {"j-2/checkpoints/a1-s5", "../j-1/checkpoints/a1-s5", "/etc/passwd", ""}) {
    resume.set_path(path);
    EXPECT_THAT(Text(CheckDesired(desired)), HasSubstr("must be below j-1/checkpoints/")) << path;
  }
}

TEST(CheckTrainerReport, ACheckpointIsTheTrainersOwn) {
  v1::TrainerReport report;
  v1::Checkpoint& checkpoint = *report.mutable_checkpoint();
  checkpoint.set_job_id("j-1");
  checkpoint.set_attempt(1);
  checkpoint.set_path("j-1/checkpoints/a1-s5");
  EXPECT_EQ(CheckTrainerReport(report, "j-1", 1), absl::OkStatus());
  EXPECT_THAT(Text(CheckTrainerReport(report, "j-1", 2)), HasSubstr("its trainer of job j-1 attempt 2"));
  EXPECT_THAT(Text(CheckTrainerReport(report, "j-2", 1)), HasSubstr("its trainer of job j-2"));
  checkpoint.set_path("j-2/checkpoints/a1-s5");
  EXPECT_THAT(Text(CheckTrainerReport(report, "j-1", 1)), HasSubstr("must be below j-1/checkpoints/"));
}

TEST(CheckTrainerReport, AHistogramHasACountForEachOfItsAscendingBoundsAndOneMore) {
  v1::TrainerReport report;
  v1::Histogram& seconds = *report.mutable_totals()->mutable_step_seconds();
  for (const double bound : {1, 2}) seconds.add_bounds(bound);
  for (int i = 0; i < 3; ++i) seconds.add_counts(1);
  EXPECT_EQ(CheckTrainerReport(report, "j-1", 1), absl::OkStatus());
  seconds.set_bounds(1, 0.5);
  EXPECT_THAT(Text(CheckTrainerReport(report, "j-1", 1)), HasSubstr("do not ascend"));
  seconds.add_counts(1);
  EXPECT_THAT(Text(CheckTrainerReport(report, "j-1", 1)), HasSubstr("has 4 counts for 2 bounds"));
}

}  // namespace
}  // namespace simclr::agent
