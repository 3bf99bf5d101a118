#include "worker/agent/log_relay.h"

#include <gtest/gtest.h>

#include "common/base/file_system.h"
#include "tests/support/fake_coordinator_client.h"
#include "tests/support/temporary_directory.h"

namespace simclr::agent {
namespace {

TEST(LogRelay, PushesAFollowedLogWithoutGapOrRepeatUntilItEnds) {
  const TemporaryDirectory directory;
  const std::string path = directory / "log";
  ASSERT_TRUE(PosixFileSystem().Append(path, "one\ntwo\nthree\n").ok());
  FakeCoordinatorClient coordinator;
  LogRelayOptions options;
  options.interval = absl::Milliseconds(5);
  options.max_push_bytes = 4;
  LogRelay relay(options, coordinator);
  relay.Follow(3, {{{"j-1", 1, 0, "0a"}, path}});
  ASSERT_TRUE(coordinator.AwaitLog("one\ntwo\nthree\n"));
  ASSERT_TRUE(PosixFileSystem().Append(path, "four\n").ok());
  ASSERT_TRUE(coordinator.AwaitLog("one\ntwo\nthree\nfour\n"));
  relay.Follow(3, {});
  EXPECT_TRUE(coordinator.AwaitLogEnd());
  EXPECT_EQ(coordinator.log(), "one\ntwo\nthree\nfour\n");
  EXPECT_EQ(coordinator.log_source(), "j-1/1/0a/0 of 3");
}

}  // namespace
}  // namespace simclr::agent
