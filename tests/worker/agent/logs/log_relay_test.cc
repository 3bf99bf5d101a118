#include "worker/agent/logs/log_relay.h"

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
  options.max_push_bytes = 4;
  LogRelay relay(options, coordinator);
  relay.Follow(3, {{{"j-1", 1, 0, "0a"}, path}});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(relay.RunOnce(absl::ZeroDuration()), options.interval);
  EXPECT_EQ(coordinator.log(), "one\ntwo\nthree\n");
  ASSERT_TRUE(PosixFileSystem().Append(path, "four\n").ok());
  for (int i = 0; i < 2; ++i) relay.RunOnce(absl::ZeroDuration());
  EXPECT_EQ(coordinator.log(), "one\ntwo\nthree\nfour\n");
  EXPECT_FALSE(coordinator.log_ended());
  relay.Follow(3, {});
  EXPECT_EQ(relay.RunOnce(absl::ZeroDuration()), absl::InfiniteDuration());
  EXPECT_TRUE(coordinator.log_ended());
  EXPECT_EQ(coordinator.log(), "one\ntwo\nthree\nfour\n");
  EXPECT_EQ(coordinator.log_source(), "j-1/1/0a/0 of 3");
}

}  // namespace
}  // namespace simclr::agent
