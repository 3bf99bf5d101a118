#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "common/base/file_system.h"
#include "common/base/ids.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/flags/duration_flag.h"
#include "worker/agent/agent.h"
#include "worker/agent/limit_list.h"
#include "worker/agent/metric_list.h"
#include "worker/agent/probes/disk.h"
#include "worker/agent/probes/shared_memory.h"

namespace {

using simclr::AddDurationFlag;
using simclr::agent::Agent;
using simclr::agent::AgentOptions;

// Exit code of an agent whose name another process has. Until it is stopped it stays up, so that a supervisor
// that restarts what ends does not make the two take the name from each other for ever.
constexpr int kReplaced = 5;

struct Flags {
  AgentOptions options;
  int threads_per_slot = 0;      // 0: the cores, shared by the slots
  std::int64_t cache_bytes = 0;  // of the whole agent; 0: a quarter of the memory
  std::optional<std::int64_t> min_shm_bytes;
};

// Where CLI11 sees the flag: before it asks for those that are required.
void PrintMetrics() {
  std::fputs(simclr::MetricsReference("Worker", simclr::agent::WorkerMetricList().all()).c_str(), stdout);
  throw CLI::Success();
}

void PrintLimits() {
  std::fputs(simclr::agent::LimitsReference().c_str(), stdout);
  throw CLI::Success();
}

void Declare(CLI::App& app, Flags& flags) {
  AgentOptions& options = flags.options;
  app.add_option("--name", options.control.worker, "Name of this worker, as in its certificate")->required();
  app.add_option("--coordinator", options.coordinator.coordinator, "HOST:PORT of the coordinator")
      ->required();
  app.add_option("--dir", options.control.directory, "Own directory: spool, logs and pid files of trainers")
      ->required();
  app.add_option("--artifacts", options.control.artifact_root,
                 "Artifact root, the same directory on every node")
      ->required();
  app.add_option("--slots", options.slots.slots, "Number of CPU slots, or auto: the GPUs, else one CPU slot");
  app.add_option("--threads-per-slot", flags.threads_per_slot, "CPU threads of a trainer; 0: cores / slots");
  app.add_option("--address", options.control.address,
                 "Address at which other nodes reach the trainers of this one")
      ->default_val("127.0.0.1");
  app.add_option("--http", options.http, "HOST:PORT of /metrics, /livez and /readyz; port 0: any");
  app.add_option("--tls-ca", options.coordinator.tls.ca, "PEM file: who is trusted");
  app.add_option("--tls-cert", options.coordinator.tls.certificate, "PEM file: own certificate");
  app.add_option("--tls-key", options.coordinator.tls.key, "PEM file: its key");
  app.add_option("--trainer", options.trainer_program, "Path of simclr-trainer")->required();
  app.add_option("--endpoint-file", options.endpoint_file,
                 "JSON file with address and pid, written once it serves");
  app.add_option("--data-root", options.control.data_roots, "Directories that jobs may read; repeatable");
  app.add_option("--cache-bytes", flags.cache_bytes,
                 "Memory for decoded images of all slots; 0: a quarter of the memory");
  app.add_option("--min-shm-bytes", flags.min_shm_bytes,
                 "Refuse to start with less in /dev/shm; 0: do not look (default 1 GiB with GPUs, else 0)");
  app.add_flag_callback("--print-metrics", PrintMetrics, "Print the reference of /metrics and exit");
  app.add_flag_callback("--print-limits", PrintLimits, "Print the reference of all limits and exit");
  app.add_option("--nvml", options.slots.nvml_library, "NVIDIA management library that counts the GPUs");
  AddDurationFlag(app, "--frozen-limit", options.control.ranks.silence,
                  "Silence after which a trainer counts as frozen");
  AddDurationFlag(app, "--orphan-limit", options.control.orphan_limit,
                  "Absence of the coordinator after which trainers are drained");
  AddDurationFlag(app, "--drain-grace", options.control.own_drain_grace,
                  "Time for trainers to save when the agent leaves; SIGTERM takes up to 25 s more");
}

// What the flags leave to the machine.
absl::Status FillIn(Flags& flags) {
  AgentOptions& options = flags.options;
  const auto probe = simclr::agent::MakeSlotProbe(options.slots);
  if (!probe.ok()) return probe.status();
  const std::vector<simclr::v1::Slot> found = (*probe)->Probe({});
  const bool gpus = !found.empty() && found[0].device() == simclr::v1::DEVICE_CUDA;
  SIMCLR_RETURN_IF_ERROR(simclr::agent::CheckSharedMemory(
      simclr::agent::FileSystemBytes(simclr::agent::kSharedMemoryPath),
      flags.min_shm_bytes.value_or(gpus ? simclr::agent::kSharedMemoryForGpus : 0)));
  const int slots = std::max<int>(1, static_cast<int>(found.size()));
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  options.control.threads_per_slot =
      flags.threads_per_slot > 0 ? flags.threads_per_slot : std::max(1, cores / slots);
  const std::int64_t memory = std::int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE);
  options.control.cache_bytes = (flags.cache_bytes > 0 ? flags.cache_bytes : memory / 4) / slots;
  options.coordinator.tls_directory = simclr::JoinPath(options.control.directory, "tls");
  options.control.nonce = simclr::RandomBits();
  options.control.pid = ::getpid();
  options.control.version = SIMCLR_VERSION;
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  Flags flags;
  CLI::App app("The agent of one node: starts, watches and kills trainers.", "simclr-worker");
  app.set_version_flag("--version", SIMCLR_VERSION);
  Declare(app, flags);
  CLI11_PARSE(app, argc, argv);

  // Blocked before any thread starts, so that sigwait below is the only one to see them.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  sigaddset(&stop_signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);

  if (const absl::Status filled = FillIn(flags); !filled.ok()) {
    simclr::LogError(filled.message());
    return 2;
  }
  const auto agent = Agent::Start(flags.options);
  if (!agent.ok()) {
    simclr::LogError("the agent cannot start", {{"cause", agent.status().ToString()}});
    return 1;
  }
  simclr::LogInfo("agent serves",
                  {{"worker", flags.options.control.worker}, {"http", (*agent)->http_address()}});
  int signal = 0;
  sigwait(&stop_signals, &signal);
  simclr::LogInfo("leaving", {{"signal", std::to_string(signal)}});
  (*agent)->Leave();
  const int code = (*agent)->replaced() ? kReplaced : 0;
  if (const absl::Status stopped = (*agent)->Stop(); !stopped.ok()) {
    simclr::LogError("leaving without waiting for what does not answer", {{"cause", stopped.ToString()}});
    std::_Exit(code);
  }
  return code;
}
