// The real coordinator ends in the middle, by kill -9 at each fault point of a submission and by a loss of
// power: the client's retry with the same request id gives exactly one job, and nothing that was acknowledged
// is lost.
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
  // `fault` is a variable of the program's environment; empty: none.
  Program(const TemporaryDirectory& directory, const std::string& program, const std::string& fault) {
    const std::string endpoint = directory / "endpoint.json";
    (void)PosixFileSystem().RemoveAll(endpoint);
    ProcessOptions options;
    options.arguments = {
        program,    "--data-dir",  directory / "data", "--artifacts", directory / "artifacts",
        "--listen", "127.0.0.1:0", "--http",           "127.0.0.1:0", "--endpoint-file",
        endpoint};
    options.environment = CurrentEnvironment();
    if (!fault.empty()) options.environment.push_back(fault);
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

grpc::Status Submit(const Program& program, const std::string& name = "a") {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kLimit));
  v1::SubmitJobResponse response;
  return program.Jobs()->SubmitJob(&context, SubmitRequest(PretrainSpec(name), "request-" + name), &response);
}

class CoordinatorCrashTest : public ::testing::TestWithParam<std::string> {};

TEST_P(CoordinatorCrashTest, ARetriedSubmissionGivesOneJob) {
  const TemporaryDirectory directory;
  {
    Program program(directory, SIMCLR_COORDINATOR, "SIMCLR_FAULT_POINT=" + GetParam());
    EXPECT_FALSE(Submit(program).ok());
    EXPECT_EQ(program.AwaitExit().signal, SIGKILL);
  }
  Program program(directory, SIMCLR_COORDINATOR, "");
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

class PowerLossTest : public ::testing::TestWithParam<int> {};

TEST_P(PowerLossTest, EverySubmissionThatWasAnsweredIsThere) {
  const TemporaryDirectory directory;
  const std::string operations = absl::StrCat(GetParam());
  int answered = 0;
  {
    Program program(directory, SIMCLR_FAULTY_COORDINATOR,
                    "SIMCLR_SQLITE_FAULTS=sync-delay=1ms cut-after=" + operations + " seed=" + operations);
    while (answered < 1000 && Submit(program, absl::StrCat("job", answered)).ok()) ++answered;
    EXPECT_EQ(program.AwaitExit().signal, SIGKILL);
  }
  ASSERT_GT(answered, 0);
  Program program(directory, SIMCLR_COORDINATOR, "");
  for (int i = 0; i <= answered; ++i) EXPECT_TRUE(Submit(program, absl::StrCat("job", i)).ok());
  grpc::ClientContext context;
  v1::ListJobsResponse jobs;
  ASSERT_TRUE(program.Jobs()->ListJobs(&context, {}, &jobs).ok());
  EXPECT_EQ(jobs.jobs_size(), answered + 1) << "each of them once, and the one that was not answered";
}

INSTANTIATE_TEST_SUITE_P(Operations, PowerLossTest, ::testing::Values(600, 701, 802, 903));

}  // namespace
}  // namespace simclr::coordinator
