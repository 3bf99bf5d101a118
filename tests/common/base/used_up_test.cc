#include "common/base/used_up.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace simclr {
namespace {

TEST(UsedUp, NamesTheLimitToRaise) {
  EXPECT_THAT(UsedUp(EAGAIN), ::testing::HasSubstr("pids limit"));
  EXPECT_THAT(UsedUp(EMFILE), ::testing::HasSubstr("ulimit -n"));
  EXPECT_THAT(UsedUp(ENFILE), ::testing::HasSubstr("fs.file-max"));
}

TEST(UsedUp, HasNoWordForOtherErrors) {
  EXPECT_EQ(UsedUp(ENOENT), "");
  EXPECT_EQ(UsedUp(0), "");
}

}  // namespace
}  // namespace simclr
