// What a supervisor sees of the real simclr-worker whose name another process has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "common/base/file_system.h"
#include "common/base/subprocess.h"
#include "tests/support/scripted_coordinator.h"
#include "tests/support/temporary_directory.h"

namespace simclr::agent {
namespace {

class WorkerProgram {
 public:
  explicit WorkerProgram(ScriptedCoordinator& coordinator) {
    const TlsFiles tls = coordinator.AgentTls("worker-1");
    ProcessOptions options;
    options.arguments = {SIMCLR_WORKER,
                         "--name",
                         "worker-1",
                         "--coordinator",
                         coordinator.address(),
                         "--dir",
                         directory_ / "worker-1",
                         "--artifacts",
                         directory_ / "artifacts",
                         "--tls-ca",
                         tls.ca,
                         "--tls-cert",
                         tls.certificate,
                         "--tls-key",
                         tls.key,
                         "--slots",
                         "1",
                         "--http",
                         "127.0.0.1:0",
                         "--trainer",
                         "/bin/false"};
    options.environment = CurrentEnvironment();
    options.output_file = directory_ / "log";
    process_ = Spawn(options).value();
  }
  // Tells it to end, and waits for that.
  int Stop() {
    SignalGroup(process_, SIGTERM);
    int status = 0;
    EXPECT_EQ(::waitpid(process_.pid, &status, 0), process_.pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  // Whether it says so within the limit.
  bool AwaitLog(const std::string& text) const {
    const absl::Time limit = absl::Now() + absl::Seconds(20);
    while (absl::Now() < limit) {
      if (absl::StrContains(PosixFileSystem().Read(directory_ / "log").value_or(""), text)) return true;
    }
    return false;
  }
  bool runs() const { return IsAlive(process_); }

 private:
  TemporaryDirectory directory_;
  ProcessIdentity process_;
};

TEST(WorkerExitCode, IsFiveOfAReplacedAgentWhichStaysUpUntilItIsStopped) {
  ScriptedCoordinator coordinator;
  coordinator.Refuse(SessionRefusal::kReplaced);
  WorkerProgram worker(coordinator);
  ASSERT_TRUE(worker.AwaitLog("another process has the name of this agent"));
  EXPECT_TRUE(worker.runs());
  EXPECT_EQ(worker.Stop(), 5);
}

TEST(WorkerExitCode, IsNoneOfAnAgentThatWaitsForItsName) {
  ScriptedCoordinator coordinator;
  coordinator.Refuse(SessionRefusal::kNameTaken);
  WorkerProgram worker(coordinator);
  ASSERT_TRUE(coordinator.AwaitRefused(2));
  EXPECT_EQ(worker.Stop(), 0);
}

}  // namespace
}  // namespace simclr::agent
