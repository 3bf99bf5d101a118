#include "cli/repeat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace simclr::cli {
namespace {

using ::testing::HasSubstr;

TEST(Repeat, AShellReadsEachWordAsItWas) {
  EXPECT_EQ(ShellWord("train.epochs=10"), "train.epochs=10");
  EXPECT_EQ(ShellWord("two words"), "'two words'");
  EXPECT_EQ(ShellWord("it's $HOME"), "'it'\\''s $HOME'");
  EXPECT_EQ(ShellWord(""), "''");
}

TEST(Repeat, TheCommandHasTheIdOnce) {
  EXPECT_EQ(RepeatCommand({"simclrctl", "submit", "-f", "my job.yaml"}, "r1"),
            "simclrctl submit -f 'my job.yaml' --request-id r1");
  EXPECT_EQ(RepeatCommand({"simclrctl", "submit", "--request-id=r1"}, "r1"),
            "simclrctl submit --request-id=r1");
}

TEST(Repeat, IsSaidWhereNoAnswerCameAlone) {
  const std::vector<std::string> command = {"simclrctl", "delete", "a"};
  for (const absl::Status& silent : {absl::UnavailableError("away"), absl::DeadlineExceededError("late")}) {
    const absl::Status status = OrRepeat(silent, command, "r1");
    EXPECT_EQ(status.code(), silent.code());
    EXPECT_THAT(std::string(status.message()), HasSubstr("simclrctl delete a --request-id r1"));
  }
  EXPECT_EQ(OrRepeat(absl::NotFoundError("no job"), command, "r1"), absl::NotFoundError("no job"));
  EXPECT_EQ(OrRepeat(absl::OkStatus(), command, "r1"), absl::OkStatus());
}

}  // namespace
}  // namespace simclr::cli
