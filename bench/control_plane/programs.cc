#include "bench/control_plane/programs.h"

#include <signal.h>
#include <sys/wait.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/control_plane/metrics_page.h"
#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"

namespace simclr::bench {
namespace {

constexpr absl::Duration kLimit = absl::Minutes(1);
constexpr absl::Duration kPoll = absl::Milliseconds(1);
constexpr std::size_t kLogEnd = 2000;  // bytes of a log that an error shows

std::string EndOf(const std::string& file) {
  const std::string text = PosixFileSystem().Read(file).value_or("");
  return text.substr(text.size() > kLogEnd ? text.size() - kLogEnd : 0);
}

std::string EndpointFile(const std::string& directory) {
  return JoinPath(directory, "endpoint.json");
}

std::vector<std::string> CoordinatorArguments(const CoordinatorSetup& setup) {
  return {JoinPath(setup.programs, "simclr-coordinator"),
          "--data-dir",
          DataDirectoryOf(setup),
          "--artifacts",
          JoinPath(setup.directory, "artifacts"),
          "--listen",
          "127.0.0.1:0",
          "--http",
          "127.0.0.1:0",
          "--endpoint-file",
          EndpointFile(setup.directory),
          "--tls-ca",
          setup.pki->coordinator().ca,
          "--tls-cert",
          setup.pki->coordinator().certificate,
          "--tls-key",
          setup.pki->coordinator().key,
          "--tokens",
          setup.pki->tokens_file()};
}

absl::Status WriteContext(const CoordinatorSetup& setup, const RunningCoordinator& coordinator,
                          const std::string& path) {
  return PosixFileSystem().Write(
      path, absl::StrCat("current: bench\ncontexts: {bench: {server: \"", coordinator.address(), "\", ca: \"",
                         setup.pki->person().ca, "\", token_file: \"", setup.pki->operator_file(), "\"}}\n"));
}

}  // namespace

std::string DataDirectoryOf(const CoordinatorSetup& setup) {
  return JoinPath(setup.directory, "data");
}

absl::StatusOr<std::unique_ptr<RunningCoordinator>> RunningCoordinator::Start(const CoordinatorSetup& setup) {
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().MakeDirectories(setup.directory));
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().RemoveAll(EndpointFile(setup.directory)));
  std::unique_ptr<RunningCoordinator> coordinator(new RunningCoordinator(setup.directory));
  ProcessOptions options;
  options.arguments = CoordinatorArguments(setup);
  options.environment = CurrentEnvironment();
  options.environment.insert(options.environment.end(), setup.environment.begin(), setup.environment.end());
  options.output_file = JoinPath(setup.directory, "coordinator.log");
  options.dies_with_thread = true;
  const absl::Duration start = RealClock().Monotonic();
  SIMCLR_ASSIGN_OR_RETURN(coordinator->process_, Spawn(options));
  SIMCLR_RETURN_IF_ERROR(coordinator->AwaitReady());
  coordinator->start_time_ = RealClock().Monotonic() - start;
  return coordinator;
}

bool RunningCoordinator::ReadEndpoints() {
  const std::string text = PosixFileSystem().Read(EndpointFile(directory_)).value_or("");
  const nlohmann::json endpoints = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!endpoints.is_object()) return false;
  address_ = endpoints.value("grpc", "");
  const std::string http = endpoints.value("http", "");
  return absl::SimpleAtoi(http.substr(http.rfind(':') + 1), &http_port_);
}

absl::Status RunningCoordinator::AwaitReady() {
  const absl::Duration end = RealClock().Monotonic() + kLimit;
  while (RealClock().Monotonic() < end && Alive()) {
    if (ReadEndpoints() && HttpGet(http_port_, "/readyz").ok()) return absl::OkStatus();
    absl::SleepFor(kPoll);
  }
  return absl::DeadlineExceededError(
      absl::StrCat(Alive() ? "the coordinator is not ready" : "the coordinator ended", ": ",
                   EndOf(JoinPath(directory_, "coordinator.log"))));
}

RunningCoordinator::~RunningCoordinator() {
  Kill();
}

absl::StatusOr<absl::Duration> RunningCoordinator::Stop() {
  const absl::Duration start = RealClock().Monotonic();
  SignalGroup(process_, SIGTERM);
  while (!Reap(process_.pid)) {
    if (RealClock().Monotonic() - start > kLimit)
      return absl::DeadlineExceededError("the coordinator does not stop");
    absl::SleepFor(kPoll);
  }
  process_ = {};
  return RealClock().Monotonic() - start;
}

void RunningCoordinator::Kill() {
  if (process_.pid == 0) return;
  SignalGroup(process_, SIGKILL);
  ::waitpid(process_.pid, nullptr, 0);
  process_ = {};
}

absl::StatusOr<CommandResult> RunCtl(const CoordinatorSetup& setup, const RunningCoordinator& coordinator,
                                     const std::vector<std::string>& arguments) {
  const std::string context = JoinPath(setup.directory, "context.yaml");
  SIMCLR_RETURN_IF_ERROR(WriteContext(setup, coordinator, context));
  ProcessOptions options;
  options.arguments = {JoinPath(setup.programs, "simclrctl")};
  options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
  options.environment = CurrentEnvironment();
  options.environment.push_back("SIMCLR_CONFIG=" + context);
  options.output_file = JoinPath(setup.directory, "ctl.out");
  options.dies_with_thread = true;
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().RemoveAll(options.output_file));
  const absl::Duration start = RealClock().Monotonic();
  SIMCLR_ASSIGN_OR_RETURN(const ProcessIdentity process, Spawn(options));
  CommandResult result;
  std::optional<ProcessExit> end;
  while (!(end = Reap(process.pid))) {
    result.took = RealClock().Monotonic() - start;
    const bool printed = PosixFileSystem().Size(options.output_file).value_or(0) > 0;
    if (printed && result.first_output == absl::ZeroDuration()) result.first_output = result.took;
    if (result.took > kLimit) {
      SignalGroup(process, SIGKILL);
      return absl::DeadlineExceededError("simclrctl does not end");
    }
    absl::SleepFor(kPoll);
  }
  result.took = RealClock().Monotonic() - start;
  if (result.first_output == absl::ZeroDuration()) result.first_output = result.took;
  result.exit_code = end->code;
  result.output = PosixFileSystem().Read(options.output_file).value_or("");
  return result;
}

}  // namespace simclr::bench
