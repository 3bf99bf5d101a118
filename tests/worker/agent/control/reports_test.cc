#include "worker/agent/control/reports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/text.h"
#include "tests/support/outbox_test_base.h"

namespace simclr::agent {
namespace {

using ReportsTest = OutboxTest;

TEST_F(ReportsTest, CutAndEscapeWhatIsSaidOfAnExit) {
  Outbox& outbox = Open();
  Reports reports("worker-1", clock_, outbox);
  v1::ReportExitRequest exit;
  exit.set_message("\x1b[31mcaf\xe9\nsecond line" + std::string(1 << 20, 'x'));
  reports.AddExit(exit);
  Deliver();
  ASSERT_EQ(coordinator_.exits().size(), 1u);
  EXPECT_THAT(coordinator_.exits()[0].message(), testing::StartsWith("\\x1b[31mcaf\\xe9\nsecond linexx"));
  EXPECT_LE(coordinator_.exits()[0].message().size(), kMaxMessageText);
}

}  // namespace
}  // namespace simclr::agent
