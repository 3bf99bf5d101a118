#include "common/base/subprocess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "common/base/file_system.h"
#include "tests/support/temporary_directory.h"

namespace simclr {
namespace {

using ::testing::HasSubstr;

class SubprocessTest : public ::testing::Test {
 protected:
  ProcessOptions Shell(const std::string& line) const {
    ProcessOptions options;
    options.arguments = {"/bin/sh", "-c", line};
    options.environment = {"PATH=/usr/bin:/bin", "GREETING=hello"};
    options.output_file = directory_ / "log";
    return options;
  }
  std::string Log() const { return PosixFileSystem().Read(directory_ / "log").value_or(""); }
  static void AwaitEnd(const ProcessIdentity& process) {
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(process.pid), &info, WEXITED | WNOWAIT);
  }

  TemporaryDirectory directory_;
};

TEST_F(SubprocessTest, RunsWithTheGivenEnvironmentAndAppendsBothStreams) {
  for (int time = 0; time < 2; ++time) {
    const ProcessIdentity process = Spawn(Shell("echo $GREETING; echo error >&2; exit 3")).value();
    AwaitEnd(process);
    EXPECT_EQ(Reap(process.pid)->code, 3);
  }
  EXPECT_EQ(Log(), "hello\nerror\nhello\nerror\n");
}

TEST_F(SubprocessTest, TellsTheSignalThatEndedAChild) {
  const ProcessIdentity process = Spawn(Shell("kill -SEGV $$")).value();
  AwaitEnd(process);
  const ProcessExit exit = Reap(process.pid).value();
  EXPECT_EQ(exit.signal, SIGSEGV);
  EXPECT_EQ(exit.code, -1);
}

TEST_F(SubprocessTest, NamesAProgramThatIsNotThere) {
  ProcessOptions options = Shell("");
  options.arguments = {"/no/such/program"};
  const auto refused = Spawn(options);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("/no/such/program"));
}

TEST_F(SubprocessTest, EndsTheWholeGroupGentlyAndThenByForce) {
  const ProcessIdentity gentle = Spawn(Shell("sleep 1000")).value();
  EXPECT_TRUE(StopGroup(gentle, absl::Seconds(10)).ok());
  EXPECT_EQ(Reap(gentle.pid)->signal, SIGTERM);

  const ProcessIdentity stubborn =
      Spawn(Shell("trap '' TERM; echo ready; while :; do sleep 1000; done")).value();
  EXPECT_TRUE(StopGroup(stubborn, absl::Milliseconds(200)).ok());
  EXPECT_FALSE(IsAlive(stubborn));
}

TEST_F(SubprocessTest, TakesChildrenAlongWhenTheirThreadEnds) {
  ProcessOptions options = Shell("sleep 1000");
  options.dies_with_thread = true;
  ProcessIdentity process;
  std::thread([&] { process = Spawn(options).value(); }).join();
  AwaitEnd(process);
  EXPECT_EQ(Reap(process.pid)->signal, SIGKILL);
}

TEST_F(SubprocessTest, KnowsAProcessFromALaterOneOfTheSamePid) {
  const ProcessIdentity self = IdentifyProcess(::getpid()).value();
  EXPECT_TRUE(IsAlive(self));
  EXPECT_FALSE(IsAlive({self.pid, self.start_time + 1}));
}

TEST_F(SubprocessTest, CountsAZombieAsGone) {
  const ProcessIdentity process = Spawn(Shell("sleep 1000")).value();
  SignalGroup(process, SIGKILL);
  AwaitEnd(process);
  EXPECT_FALSE(IsAlive(process));
  EXPECT_TRUE(Reap(process.pid).has_value());
}

TEST_F(SubprocessTest, ReadsThePidFileItWrote) {
  const ProcessIdentity self = IdentifyProcess(::getpid()).value();
  const std::string path = directory_ / "pid";
  ASSERT_TRUE(WritePidFile(path, self).ok());
  EXPECT_EQ(ReadPidFile(path).value(), self);
  EXPECT_EQ(ReadPidFile(directory_ / "none").status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(PosixFileSystem().Write(path, "rubbish").ok());
  EXPECT_EQ(ReadPidFile(path).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(SubprocessTest, NamesTheLimitThatKeepsAProgramFromStarting) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const absl::Status refused = Spawn(Shell("true")).status();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("ulimit -n"));
}

}  // namespace
}  // namespace simclr
