#include "worker/agent/outbox/report.h"

#include <gtest/gtest.h>

#include "common/edge/check_message.h"

namespace simclr::agent {
namespace {

v1::ReportExitRequest Exit() {
  v1::ReportExitRequest exit;
  exit.set_job_id("j-1");
  exit.set_attempt(2);
  exit.set_rank(3);
  exit.set_nonce("0a");
  exit.set_failure(v1::FAILURE_CLASS_SUCCESS);
  return exit;
}

TEST(Report, IsReadAsItWasWritten) {
  v1::CommitCheckpointRequest commit;
  commit.mutable_checkpoint()->set_job_id("j-1");
  commit.mutable_checkpoint()->set_attempt(2);
  commit.mutable_checkpoint()->set_nonce("0a");
  commit.set_rank(3);
  v1::LogArchivedRequest archived;
  archived.set_job_id("j-1");
  archived.set_attempt(2);
  archived.set_nonce("0a");
  archived.set_rank(3);
  for (const Report& report : {Report(commit), Report(Exit()), Report(archived)}) {
    const auto read = ParseReport(KindOf(report), BytesOf(report));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->index(), report.index());
    EXPECT_EQ(RankOf(*read), (RankKey{"j-1", 2, 3, "0a"}));
  }
}

TEST(Report, ThatIsTornIsNone) {
  EXPECT_TRUE(absl::IsDataLoss(ParseReport(SpoolKind::kExit, "\x0f torn").status()));
}

TEST(Report, OfADamagedExitKeepsItsPlacementAndNoSuccess) {
  v1::ReportExitRequest damaged = Exit();
  damaged.set_message("caf\xe9");
  const auto bare = BareExit(ReadableExit(damaged.SerializePartialAsString()), "torn");
  ASSERT_TRUE(bare.ok());
  EXPECT_EQ(KeyOf(*bare), KeyOf(Exit()));
  EXPECT_EQ(bare->failure(), v1::FAILURE_CLASS_CRASH) << "its results are lost";
  EXPECT_TRUE(CheckMessage(*bare).ok());
  EXPECT_EQ(KeyOf(ReadableExit(Exit().SerializeAsString() + "\x0f torn")), KeyOf(Exit()));
  EXPECT_FALSE(BareExit(v1::ReportExitRequest(), "torn").ok());
}

}  // namespace
}  // namespace simclr::agent
