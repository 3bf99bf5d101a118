#include "cli/exit_code.h"

#include <gtest/gtest.h>

#include "common/base/file_system.h"

namespace simclr::cli {
namespace {

TEST(ExitCode, SaysWhatAnAnswerSays) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), 0);
  EXPECT_EQ(ExitCodeOf(AsAnswer(absl::NotFoundError("no job"))), 3);
  EXPECT_EQ(ExitCodeOf(AsAnswer(absl::PermissionDeniedError("not yours"))), 4);
  EXPECT_EQ(ExitCodeOf(AsAnswer(absl::UnauthenticatedError("no token"))), 4);
  EXPECT_EQ(ExitCodeOf(AsAnswer(absl::FailedPreconditionError("ended"))), 6);
  EXPECT_EQ(ExitCodeOf(AsAnswer(absl::AlreadyExistsError("same id"))), 6);
  EXPECT_EQ(ExitCodeOf(absl::UnavailableError("nobody")), 5);
  EXPECT_EQ(ExitCodeOf(absl::InvalidArgumentError("bad")), 7);
  EXPECT_EQ(ExitCodeOf(UsageError("bad")), 2);
}

TEST(ExitCode, IsOneForAnyFileThatCannotBeRead) {
  for (const char* path : {"/no/such/file", "/proc", "/proc/version/below", "/dev/zero"}) {
    const absl::Status status = ReadSmallFile(path, 1000).status();
    EXPECT_EQ(ExitCodeOf(status), 1) << status;
  }
}

}  // namespace
}  // namespace simclr::cli
