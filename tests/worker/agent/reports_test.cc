#include "worker/agent/reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_coordinator_client.h"
#include "tests/support/temporary_directory.h"

namespace simclr::agent {
namespace {

TEST(Reports, CutAndEscapeWhatIsSaidOfAnExit) {
  const TemporaryDirectory directory;
  const FakeClock clock;
  FakeCoordinatorClient coordinator;
  const auto spool = Spool::Open(PosixFileSystem(), directory.path()).value();
  Outbox outbox({}, *spool, coordinator);
  Reports reports("worker-1", clock, outbox);
  v1::ReportExitRequest exit;
  exit.set_message("\x1b[31mcaf\xe9\nsecond line" + std::string(1 << 20, 'x'));
  reports.AddExit(exit);
  ASSERT_TRUE(spool->AwaitDelivered(spool->last_sequence(), absl::Seconds(10)));
  ASSERT_EQ(coordinator.exits().size(), 1u);
  EXPECT_THAT(coordinator.exits()[0].message(), testing::StartsWith("\\x1b[31mcaf\\xe9\nsecond linexx"));
  EXPECT_LE(coordinator.exits()[0].message().size(), kMaxMessageText);
}

}  // namespace
}  // namespace simclr::agent
