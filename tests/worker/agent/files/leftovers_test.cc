#include "worker/agent/files/leftovers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <map>

#include "tests/support/temporary_directory.h"
#include "worker/agent/base/trainer_handle.h"

namespace simclr::agent {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class LeftoversTest : public ::testing::Test {
 protected:
  std::string Make(const std::string& name) {
    const std::string rank = directory_ / name;
    EXPECT_TRUE(PosixFileSystem().MakeDirectories(rank).ok());
    return rank;
  }
  std::vector<Leftover> Find() { return FindLeftovers(PosixFileSystem(), directory_.path()).value(); }

  TemporaryDirectory directory_;
};

TEST_F(LeftoversTest, NameTheRankItsSlotAndTheProcessThatStillRuns) {
  const std::string rank = Make("j-1-a2-1f2e3d4c-r3");
  const RankKey key{"j-1", 2, 3, "1f2e3d4c5b6a7980"};
  ASSERT_TRUE(PosixFileSystem().Write(JoinPath(rank, kRankName), RankFileText(key, 5)).ok());
  ProcessOptions options;
  options.arguments = {"/bin/sleep", "1000"};
  options.output_file = JoinPath(rank, kLogName);
  const ProcessIdentity process = Spawn(options).value();
  ASSERT_TRUE(WritePidFile(JoinPath(rank, kPidName), process).ok());

  const std::vector<Leftover> running = Find();
  ASSERT_THAT(running, SizeIs(1));
  EXPECT_EQ(running[0].directory, rank);
  EXPECT_EQ(running[0].log_name, "j-1/logs/a2-1f2e3d4c-r3.log");
  EXPECT_EQ(running[0].key, key);
  EXPECT_EQ(running[0].slot, 5);
  EXPECT_EQ(running[0].process, process);

  SignalGroup(process, SIGKILL);
  EXPECT_TRUE(AwaitEnd(process, absl::Seconds(10)));
  EXPECT_EQ(Find().at(0).process, std::nullopt);
  EXPECT_TRUE(Reap(process.pid).has_value());
}

TEST_F(LeftoversTest, GiveTheirLogsTheNamesOfTheirPlacements) {
  const std::map<std::string, std::string> names = {
      {"j-1-a1-r0", "j-1/logs/a1-r0.log"},
      {"j-1-a2-a1234567-r0", "j-1/logs/a2-a1234567-r0.log"},
      {"j-a1-a2-1f2e3d4c-r11", "j-a1/logs/a2-1f2e3d4c-r11.log"},
  };
  for (const auto& [name, log] : names) Make(name);
  for (const Leftover& leftover : Find()) {
    EXPECT_EQ(leftover.log_name, names.at(leftover.directory.substr(directory_.path().size() + 1)));
    EXPECT_FALSE(leftover.key.has_value()) << "an older agent wrote no file for it";
  }
}

TEST_F(LeftoversTest, HaveNoLogToKeepWhereTheDirectoryNamesNoPlacement) {
  for (const char* name : {"j-1-a1", "j-1-ax-r0", "j-1-a1-xyz-r0", "-a1-r0", "a1-r0", "lost+found"})
    Make(name);
  ASSERT_THAT(Find(), SizeIs(6));
  for (const Leftover& leftover : Find()) EXPECT_EQ(leftover.log_name, "") << leftover.directory;
}

TEST_F(LeftoversTest, AreNoneWhereThereWasNoAgent) {
  EXPECT_THAT(FindLeftovers(PosixFileSystem(), directory_ / "none").value(), IsEmpty());
}

}  // namespace
}  // namespace simclr::agent
