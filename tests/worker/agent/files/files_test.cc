#include "worker/agent/files/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "common/base/text.h"
#include "tests/support/fake_clock.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temporary_directory.h"
#include "worker/agent/base/part_thread.h"
#include "worker/agent/base/rank_log.h"

namespace simclr::agent {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class FilesTest : public ::testing::Test {
 protected:
  FilesTest() : files_(Options(), disk_, clock_) {
    EXPECT_TRUE(disk_.MakeDirectories(directory_ / "spool").ok());
  }

  FilesOptions Options() const {
    FilesOptions options;
    options.spool = directory_ / "spool";
    options.memory_cgroup = {directory_ / "membership", directory_ / "cgroup"};
    options.max_log_bytes = 65536;
    return options;
  }
  void Run() {
    const absl::Duration now = clock_.Monotonic();
    while (files_.RunOnce(now) <= now) {
    }
  }
  std::vector<std::string> Spooled() { return disk_.List(directory_ / "spool").value(); }
  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(disk_.MakeDirectories(directory_ / "cgroup").ok());
    ASSERT_TRUE(disk_.Write(directory_ / name, text).ok());
  }
  std::string Explained(const ProcessExit& exit, const std::optional<MemoryCgroup>& before = {}) {
    std::string how;
    files_.Explain({exit, directory_ / "log", before}, [&how](std::string text) { how = std::move(text); });
    Run();
    return how;
  }

  TemporaryDirectory directory_;
  FakeClock clock_;
  FaultyFileSystem disk_;
  Files files_;
};

TEST_F(FilesTest, KeepsReportsInTheSpoolUntilTheyAreForgotten) {
  files_.Keep({1, SpoolKind::kExit, "exit"});
  Run();
  EXPECT_THAT(Spooled(), SizeIs(1));
  files_.Forget(1, SpoolKind::kExit);
  Run();
  EXPECT_THAT(Spooled(), IsEmpty());
}

TEST_F(FilesTest, DoNotWriteWhatIsForgottenBeforeItsTurn) {
  files_.Keep({1, SpoolKind::kExit, "exit"});
  files_.Forget(1, SpoolKind::kExit);
  disk_.FillAfter(0, "spool");
  Run();
  EXPECT_TRUE(files_.spooled().ok()) << "the disk was not asked";
  EXPECT_THAT(Spooled(), IsEmpty());
}

TEST_F(FilesTest, TellThatTheDiskIsFullUntilItTakesAReportAgain) {
  disk_.FillAfter(0, "spool");
  files_.Keep({1, SpoolKind::kExit, "exit"});
  Run();
  EXPECT_TRUE(absl::IsResourceExhausted(files_.spooled()));
  disk_.FillAfter(100, "spool");
  files_.Keep({2, SpoolKind::kExit, "exit"});
  Run();
  EXPECT_TRUE(files_.spooled().ok());
}

TEST_F(FilesTest, ShowThatTheDiskDoesNotAnswerWhileOthersQueueMore) {
  disk_.Block("spool");
  files_.Keep({1, SpoolKind::kExit, "exit"});
  PartThread thread("files", files_, clock_);
  ASSERT_TRUE(disk_.AwaitBlocked());
  clock_.Advance(absl::Seconds(30));
  files_.Keep({2, SpoolKind::kExit, "exit"});
  const auto blocked = files_.calls().Find(absl::Seconds(5));
  ASSERT_TRUE(blocked.has_value());
  EXPECT_EQ(blocked->since, absl::Seconds(30));
  EXPECT_FALSE(files_.Flush(absl::ZeroDuration()));
  disk_.Release();
  EXPECT_TRUE(files_.Flush(absl::Seconds(10)));
  EXPECT_THAT(Spooled(), SizeIs(2));
}

TEST_F(FilesTest, ShortenTheLogsOfLiveTrainersOnceASecond) {
  Write("log", std::string(200'000, 'x'));
  files_.SetLogs({directory_ / "log", directory_ / "missing"});
  Run();
  EXPECT_GT(RangeOfLog(directory_ / "log").value().base, 100'000);
}

TEST_F(FilesTest, NameTheOutOfMemoryKillerWhereTheKernelCountedIt) {
  Write("membership", "0::/\n");
  Write("cgroup/memory.events", "oom_kill 2\n");
  Write("cgroup/memory.max", "1073741824\n");
  Write("log", "");
  const MemoryCgroup before{directory_ / "cgroup", 1, 1 << 30};
  MemoryCgroup unchanged = before;
  unchanged.oom_kills = 2;
  EXPECT_EQ(Explained({-1, SIGKILL}, unchanged), "ended by signal 9; its log is empty");
  const std::string killed = Explained({-1, SIGKILL}, before);
  EXPECT_THAT(killed, HasSubstr("ended by signal 9; the kernel's out-of-memory killer was at work"));
  EXPECT_THAT(killed, HasSubstr("1.0 GiB"));
  EXPECT_EQ(Explained({-1, SIGSEGV}, before), "ended by signal 11; its log is empty");
}

TEST_F(FilesTest, QuoteTheEndOfALogThatIsNoText) {
  Write("log", std::string(9000, '\xff') + "cannot read caf\xe9.png\x1b[2J\n");
  const std::string how = Explained({1, 0});
  EXPECT_TRUE(IsUtf8(how));
  EXPECT_THAT(how, testing::StartsWith("exited with code 1; end of its log:\n\\xff"));
  EXPECT_THAT(how, EndsWith("cannot read caf\\xe9.png\\x1b[2J\n"));
  EXPECT_LE(how.size(), kMaxMessageText);
}

}  // namespace
}  // namespace simclr::agent
