// kill -9 of the real coordinator at each fault point of a submission: the client's retry with the same
// request id gives exactly one job.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/base/fault_point.h"
#include "common/base/file_system.h"
#include "common/base/subprocess.h"
#include "common/rpc/channel.h"
#include "simclr/v1/job_service.grpc.pb.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/test_cluster.h"

namespace simclr::coordinator {
namespace {

constexpr absl::Duration kLimit = absl::Seconds(20);

// Looks again every few milliseconds, because another process is what it waits for.
bool Eventually(const std::function<bool()>& holds) {
  const absl::Time deadline = absl::Now() + kLimit;
  absl::Mutex mutex;
  while (!holds()) {
    if (absl::Now() > deadline) return false;
    absl::MutexLock lock(&mutex);
    mutex.AwaitWithTimeout(absl::Condition(
                               +[](absl::Mutex*) { return false; }, &mutex),
                           absl::Milliseconds(10));
  }
  return true;
}

class Program {
 public:
  Program(const TemporaryDirectory& directory, const std::string& fault_point) {
    const std::string endpoint = directory / "endpoint.json";
    (void)PosixFileSystem().RemoveAll(endpoint);
    ProcessOptions options;
    options.arguments = {SIMCLR_COORDINATOR,
                         "--data-dir",
                         directory / "data",
                         "--artifacts",
                         directory / "artifacts",
                         "--listen",
                         "127.0.0.1:0",
                         "--http",
                         "127.0.0.1:0",
                         "--endpoint-file",
                         endpoint};
    options.environment = CurrentEnvironment();
    if (!fault_point.empty()) options.environment.push_back("SIMCLR_FAULT_POINT=" + fault_point);
    options.output_file = directory / "log";
    process_ = Spawn(options).value();
    EXPECT_TRUE(Eventually([&] { return PosixFileSystem().Exists(endpoint); }));
    address_ = nlohmann::json::parse(PosixFileSystem().Read(endpoint).value()).at("grpc").get<std::string>();
  }
  ~Program() {
    SignalGroup(process_, SIGKILL);
    if (!exit_) AwaitExit();
  }

  ProcessExit AwaitExit() {
    EXPECT_TRUE(Eventually([this] { return (exit_ = Reap(process_.pid)).has_value(); }));
    return exit_.value_or(ProcessExit());
  }

  std::unique_ptr<v1::JobService::Stub> Jobs() const {
    return v1::JobService::NewStub(MakeChannel(address_, TlsFiles()).value());
  }

 private:
  ProcessIdentity process_;
  std::optional<ProcessExit> exit_;
  std::string address_;
};

grpc::Status Submit(const Program& program) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kLimit));
  v1::SubmitJobResponse response;
  return program.Jobs()->SubmitJob(&context, SubmitRequest(PretrainSpec("a"), "r1"), &response);
}

class CoordinatorCrashTest : public ::testing::TestWithParam<std::string> {};

TEST_P(CoordinatorCrashTest, ARetriedSubmissionGivesOneJob) {
  const TemporaryDirectory directory;
  {
    Program program(directory, GetParam());
    EXPECT_FALSE(Submit(program).ok());
    EXPECT_EQ(program.AwaitExit().signal, SIGKILL);
  }
  Program program(directory, "");
  EXPECT_TRUE(Submit(program).ok());
  grpc::ClientContext context;
  v1::ListJobsResponse jobs;
  ASSERT_TRUE(program.Jobs()->ListJobs(&context, {}, &jobs).ok());
  EXPECT_EQ(jobs.jobs_size(), 1);
}

INSTANTIATE_TEST_SUITE_P(FaultPoints, CoordinatorCrashTest, ::testing::ValuesIn(FaultPointNames()),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name) c = absl::ascii_isalnum(c) ? c : '_';
                           return name;
                         });

}  // namespace
}  // namespace simclr::coordinator
