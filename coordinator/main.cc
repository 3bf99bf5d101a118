// simclr-coordinator: flags -> options -> CoordinatorServer -> wait for a signal.
#include <signal.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <limits>
#include <optional>
#include <string>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/logging.h"
#include "common/flags/duration_flag.h"
#include "common/metrics/buckets.h"
#include "coordinator/commands.h"
#include "coordinator/metrics/metric_list.h"
#include "coordinator/server/coordinator_server.h"
#include "coordinator/server/limit_list.h"

namespace {

using simclr::AddDurationFlag;
using simclr::coordinator::CoordinatorServer;
using simclr::coordinator::CoordinatorServerOptions;

void AddServing(CLI::App& app, CoordinatorServerOptions& options) {
  app.add_option("--data-dir", options.data_directory, "own directory; one coordinator at a time")
      ->required();
  app.add_option("--artifacts", options.artifact_root, "artifact root, which the agents share")->required();
  app.add_option("--listen", options.listen, "HOST:PORT for gRPC; port 0: from the kernel");
  app.add_option("--http", options.http, "HOST:PORT for /metrics, /livez and /readyz");
  app.add_option("--max-connections", options.acceptor.max_connections,
                 "connections to --listen; at most half of the descriptors that the process may have")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--max-connections-of-address", options.acceptor.max_connections_of_address,
                 "the same from one IP address")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--tls-ca", options.tls.ca, "CA certificate; without --tls-*: plaintext, on loopback only");
  app.add_option("--tls-cert", options.tls.certificate, "own certificate");
  app.add_option("--tls-key", options.tls.key, "own private key");
  app.add_option("--tokens", options.tokens_file, "lines 'name role sha256-of-token'");
  app.add_option("--endpoint-file", options.endpoint_file,
                 "written once it serves: addresses and pid, as JSON");
  app.add_option("--data-root", options.data_roots,
                 "directory that job files may name data in; may be repeated");
  app.add_flag("--viewers-read-artifacts", options.viewers_read_artifacts,
               "files and logs are for everybody, not for a job's owner and operators alone");
  app.add_option_function<std::string>(
      "--keep-ended-jobs",
      [&options](const std::string& text) {
        const auto keep = simclr::coordinator::ParseKeepEndedJobs(text);
        if (!keep.ok()) throw CLI::ValidationError("--keep-ended-jobs", std::string(keep.status().message()));
        options.keep_ended_jobs = *keep;
      },
      "delete ended jobs with their files by age, by number, or both: 90d, 10000 or 90d,10000 (default: "
      "never)");
  app.add_option("--cluster-id", options.cluster_id, "refuse a --data-dir of another cluster");
  app.add_option("--max-open-jobs", options.max_open_jobs, "jobs that have not ended, of all users")
      ->capture_default_str();
  app.add_option("--max-open-jobs-of-user", options.max_open_jobs_of_user, "the same of one user")
      ->capture_default_str();
}

void AddTimers(CLI::App& app, CoordinatorServerOptions& options) {
  auto& policy = options.policy;
  AddDurationFlag(app, "--reload-interval", options.reload_interval,
                  "between two looks at --tls-* and --tokens for what has changed");
  AddDurationFlag(app, "--max-connection-age", options.max_connection_age,
                  "after which clients connect anew for further calls, with the certificates of that time");
  AddDurationFlag(app, "--unknown-after", policy.liveness.unknown_after,
                  "silence after which a worker gets no new work");
  AddDurationFlag(app, "--lost-after", policy.liveness.lost_after,
                  "silence after which its attempts are ended");
  AddDurationFlag(app, "--reattach-window", policy.liveness.reattach_window,
                  "nobody is lost so soon after a start");
  AddDurationFlag(app, "--restart-backoff", policy.restart.initial_backoff,
                  "first wait before a restart; it doubles");
  AddDurationFlag(app, "--storage-retry", policy.restart.storage_retry,
                  "wait after a job stopped on a full disk");
  AddDurationFlag(app, "--stop-limit", policy.judge.stop_limit,
                  "from the order to stop until a job ends without trainers that are still there");
  AddDurationFlag(app, "--starvation-limit", policy.scheduler.starvation_limit,
                  "a job that is queued for longer gets slots kept for it");
}

// Each connection holds a descriptor. Returns how many there are.
std::int64_t RaiseDescriptorLimit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  simclr::LogInfo("file descriptors", {{"limit", std::to_string(limit.rlim_cur)}});
  return static_cast<std::int64_t>(std::min<rlim_t>(limit.rlim_cur, std::numeric_limits<int>::max()));
}

// Where CLI11 sees the flag: before it asks for those that are required.
void PrintMetrics() {
  std::cout << simclr::MetricsReference("Coordinator", simclr::coordinator::Metrics().all())
            << "\n## Bucket ladders\n\n"
            << simclr::LadderReference();
  throw CLI::Success();
}

void PrintLimits() {
  std::cout << simclr::coordinator::LimitsReference();
  throw CLI::Success();
}

// Abseil as Debian builds it looks for cycles at each lock that gRPC takes, and ends the process at the
// first. That is for tests, which have it; here it costs a twentieth of the processor.
void SearchNoLockCycles() {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}

int WaitForStopSignal(const sigset_t& signals) {
  int signal = 0;
  ::sigwait(&signals, &signal);
  return signal;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Queue, scheduler and durable state of a SimCLR cluster.", "simclr-coordinator");
  CoordinatorServerOptions options;
  options.version = SIMCLR_VERSION;
  options.listen = "127.0.0.1:7400";
  options.http = "127.0.0.1:7401";
  AddServing(app, options);
  AddTimers(app, options);
  app.set_version_flag("--version", SIMCLR_VERSION);
  app.add_flag_callback("--print-metrics", PrintMetrics, "print the reference of /metrics and exit");
  simclr::coordinator::Commands commands;
  commands.AddTo(app);
  app.add_flag_callback("--print-limits", PrintLimits, "print the reference of all limits and exit");
  CLI11_PARSE(app, argc, argv);
  if (const std::optional<int> status = commands.Run()) return *status;

  // Before any thread starts, so that all of them leave these signals to sigwait.
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  options.acceptor = simclr::FitToDescriptors(options.acceptor, RaiseDescriptorLimit());
  SearchNoLockCycles();

  auto server = CoordinatorServer::Start(options);
  if (!server.ok()) {
    std::cerr << "simclr-coordinator: " << server.status().message() << std::endl;
    return 1;
  }
  const int signal = WaitForStopSignal(signals);
  simclr::LogInfo("coordinator stops", {{"signal", std::to_string(signal)}});
  server->reset();
  return 0;
}
