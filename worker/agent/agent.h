#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/base/file_lock.h"
#include "common/base/file_system.h"
#include "common/metrics/exposer.h"
#include "common/rpc/server.h"
#include "worker/agent/archive/archive.h"
#include "worker/agent/base/part_thread.h"
#include "worker/agent/base/refused_messages.h"
#include "worker/agent/control/control.h"
#include "worker/agent/files/files.h"
#include "worker/agent/grpc_coordinator_client.h"
#include "worker/agent/launcher/launcher.h"
#include "worker/agent/launcher/trainer_process.h"
#include "worker/agent/logs/log_reader.h"
#include "worker/agent/outbox/outbox.h"
#include "worker/agent/probes/probes.h"
#include "worker/agent/trainer_build.h"
#include "worker/agent/trainer_service.h"

namespace simclr::agent {

struct AgentOptions {
  ControlOptions control;
  CoordinatorClientOptions coordinator;
  SlotOptions slots;
  std::string trainer_program;
  std::string http = "127.0.0.1:0";  // HOST:PORT of /metrics, /livez and /readyz
  // JSON {"http", "pid", "incarnation"}, written once everything serves, and again with each incarnation that
  // the coordinator gives (0 before); empty: none.
  std::string endpoint_file;
  // The disk of the artifact root, where tests put one that does not answer.
  FileSystem* storage = &PosixFileSystem();
};

// The whole agent process: wires its parts to each other, to gRPC and to HTTP, and gives each a thread.
// ARCHITECTURE.md lists the threads and what each may wait for. Thread-safe.
class Agent {
 public:
  // Kills leftovers of an earlier agent in the same directory. FAILED_PRECONDITION where another agent uses
  // it.
  static absl::StatusOr<std::unique_ptr<Agent>> Start(AgentOptions options);
  // Kills what still runs, and waits for every part, however long it takes: see Stop.
  ~Agent();

  // Drains the trainers, waits until they are gone (as long as the drain's grace allows), their logs archived
  // and the coordinator told.
  void Leave();
  // Ends all parts. DEADLINE_EXCEEDED names those that a disk, a driver or the network holds: a process that
  // wants to end must then do so without destroying this.
  absl::Status Stop();

  // Another process has this agent's name: all that is left is to be stopped.
  bool replaced() const { return control_->status().replaced; }

  const std::string& http_address() const { return exposer_->address(); }

 private:
  struct Thread {
    const char* name;
    std::unique_ptr<PartThread> thread;
  };

  explicit Agent(AgentOptions options) : options_(std::move(options)) {}

  absl::Status Open();
  // What lies in the directory: the lock, the cluster, trainers that an earlier agent left, its spool.
  absl::Status OpenDirectory();
  absl::Status OpenParts();
  void MakeControl();
  absl::Status Serve();
  void StartThreads();
  absl::Status ClearLeftovers();
  // Whether the control's thread comes round.
  absl::Status Liveness() const;
  absl::Status Readiness() const;
  // From the control's thread; where that stands still, what the scrape before saw.
  AgentView ViewForScrape();
  std::string EndpointText(std::uint64_t incarnation) const;

  AgentOptions options_;
  std::optional<FileLock> lock_;  // of its directory, until the very end
  RefusedMessages refused_;
  SpoolContents spooled_;                   // by an earlier agent
  std::vector<ArchiveRequest> unarchived_;  // logs that it left

  std::unique_ptr<SlotProbe> slots_;
  std::unique_ptr<TrainerBuild> build_;
  std::unique_ptr<SocketDirectory> socket_;
  std::unique_ptr<TrainerService> trainers_;
  std::unique_ptr<TrainerProcessLauncher> processes_;
  std::unique_ptr<GrpcCoordinatorClient> coordinator_;
  std::unique_ptr<Files> files_;
  std::unique_ptr<Archive> archive_;
  std::unique_ptr<Probes> probes_;
  std::unique_ptr<Launcher> launcher_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<LogReader> logs_;
  std::unique_ptr<Control> control_;
  std::unique_ptr<RpcServer> trainer_server_;
  std::unique_ptr<Exposer> exposer_;
  std::vector<Thread> threads_;  // in the order of their end, the control's first
  bool stopped_ = false;

  absl::Mutex mutex_;
  AgentView scraped_ ABSL_GUARDED_BY(mutex_);  // at the newest scrape
};

}  // namespace simclr::agent
