#include "tests/support/local_cluster.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <filesystem>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/subprocess.h"

namespace simclr {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(100);

std::string Read(const std::string& path) {
  return PosixFileSystem().Read(path).value_or("");
}

}  // namespace

LocalClusterUnderTest::LocalClusterUnderTest(std::string programs, std::string trainer)
    : programs_(std::move(programs)), trainer_(std::move(trainer)) {
  ::setenv("SIMCLR_CONFIG", (temporary_ / "config.yaml").c_str(), 1);
}

LocalClusterUnderTest::~LocalClusterUnderTest() {
  if (::testing::Test::HasFailure()) std::cerr << Logs();
  if (PosixFileSystem().Exists(directory() + "/cluster.json")) Down();
}

LocalClusterUnderTest::Result LocalClusterUnderTest::Ctl(const std::vector<std::string>& arguments) {
  const std::string out = temporary_ / "out";
  const std::string err = temporary_ / "err";
  PosixFileSystem().RemoveAll(err).IgnoreError();
  ProcessOptions options;
  options.arguments = {"/bin/sh", "-c", absl::StrCat("exec \"$0\" \"$@\" >", out), programs_ + "/simclrctl"};
  options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
  options.environment = CurrentEnvironment();
  options.output_file = err;
  const ProcessIdentity process = Spawn(options).value();
  int status = 0;
  ::waitpid(process.pid, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, Read(out), Read(err)};
}

LocalClusterUnderTest::Result LocalClusterUnderTest::Up(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"local",     "up", "--dir",   directory(),
                                        "--workers", "2",  "--slots", "1"};
  if (!trainer_.empty()) arguments.insert(arguments.end(), {"--trainer", trainer_});
  arguments.insert(arguments.end(), more.begin(), more.end());
  return Ctl(arguments);
}

nlohmann::json LocalClusterUnderTest::Status() {
  return nlohmann::json::parse(Ctl({"local", "status", "--dir", directory(), "-o", "json"}).out);
}

std::vector<pid_t> LocalClusterUnderTest::TrainerPids() {
  std::vector<pid_t> pids;
  const nlohmann::json status = Status();
  for (const nlohmann::json& worker : status["workers"]) {
    for (const nlohmann::json& trainer : worker["trainers"]) pids.push_back(trainer["pid"]);
  }
  return pids;
}

std::string LocalClusterUnderTest::Submit(const std::string& job_file) {
  const std::string path = temporary_ / "job.yaml";
  EXPECT_TRUE(PosixFileSystem().Write(path, job_file).ok());
  const Result result = Ctl({"submit", "-f", path, "-o", "name"});
  EXPECT_EQ(result.code, 0) << result.err;
  std::string id = result.out.substr(0, result.out.find('\n'));
  if (const std::size_t slash = id.find('/'); slash != std::string::npos) id.erase(0, slash + 1);
  return id;
}

nlohmann::json LocalClusterUnderTest::Job(const std::string& id) {
  const Result result = Ctl({"get", "job", id, "-o", "json"});
  return nlohmann::json::parse(result.out, nullptr, /*allow_exceptions=*/false);
}

nlohmann::json LocalClusterUnderTest::AwaitJob(const std::string& id,
                                               const std::function<bool(const nlohmann::json&)>& condition,
                                               absl::Duration limit) {
  nlohmann::json job;
  const bool happened = Await(
      [&] {
        job = Job(id);
        return job.is_object() && condition(job["status"]);
      },
      limit);
  EXPECT_TRUE(happened) << job.dump(2) << Ctl({"describe", "job", id}).out;
  return job;
}

bool LocalClusterUnderTest::Await(const std::function<bool()>& condition, absl::Duration limit) {
  const absl::Duration deadline = RealClock().Monotonic() + limit;
  const absl::Notification never;
  while (!condition()) {
    if (RealClock().Monotonic() > deadline) return false;
    never.WaitForNotificationWithTimeout(kPoll);
  }
  return true;
}

std::size_t LocalClusterUnderTest::Checkpoints(const std::string& id) {
  const nlohmann::json list =
      nlohmann::json::parse(Ctl({"get", "checkpoints", id, "-o", "json"}).out, nullptr, false);
  return list.is_object() && list.contains("items") ? list["items"].size() : 0;
}

std::string LocalClusterUnderTest::Logs() {
  std::string logs;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory(), ignored)) {
    const std::string name = entry.path().filename().string();
    if (name != "log" && entry.path().extension() != ".log") continue;
    const std::string text = Read(entry.path().string());
    absl::StrAppend(&logs, "--- ", entry.path().string(), "\n",
                    text.substr(text.size() > 4000 ? text.size() - 4000 : 0));
  }
  return logs;
}

bool IsRunning(pid_t pid) {
  return IdentifyProcess(pid).ok();
}

}  // namespace simclr
