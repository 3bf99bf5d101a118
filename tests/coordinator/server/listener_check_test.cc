#include "coordinator/server/listener_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simclr::coordinator {
namespace {

using ::testing::HasSubstr;

TEST(ListenerCheck, IsDeadAfterSeveralFailuresInARowAndAliveAgainAfterOneSuccess) {
  absl::Status next = absl::DeadlineExceededError("no answer");
  int failures = 0;
  ListenerCheck check([&] { return next; }, [&] { ++failures; });
  EXPECT_EQ(check.Live(), absl::OkStatus()) << "before the first dial";
  for (int i = 1; i < ListenerCheck::kLimit; ++i) {
    check.Run();
    EXPECT_EQ(check.Live(), absl::OkStatus());
  }
  check.Run();
  EXPECT_EQ(check.Live().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(check.Live().message()), HasSubstr("no answer"));
  EXPECT_EQ(failures, ListenerCheck::kLimit);
  next = absl::OkStatus();
  check.Run();
  EXPECT_EQ(check.Live(), absl::OkStatus());
  EXPECT_EQ(failures, ListenerCheck::kLimit);
}

TEST(ListenerCheck, OneSuccessBetweenFailuresKeepsItAlive) {
  int dial = 0;
  ListenerCheck check(
      [&] { return ++dial % ListenerCheck::kLimit == 0 ? absl::OkStatus() : absl::UnavailableError("no"); },
      [] {});
  for (int i = 0; i < 10 * ListenerCheck::kLimit; ++i) {
    check.Run();
    EXPECT_EQ(check.Live(), absl::OkStatus());
  }
}

}  // namespace
}  // namespace simclr::coordinator
