#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/base/file_lock.h"
#include "common/metrics/exposer.h"
#include "common/rpc/server.h"
#include "worker/agent/agent.h"
#include "worker/agent/grpc_coordinator_client.h"
#include "worker/agent/log_relay.h"
#include "worker/agent/mailbox.h"
#include "worker/agent/refused_messages.h"
#include "worker/agent/slots.h"
#include "worker/agent/spool.h"
#include "worker/agent/trainer_build.h"
#include "worker/agent/trainer_process.h"
#include "worker/agent/trainer_service.h"

namespace simclr::agent {

struct AgentServerOptions {
  AgentOptions agent;
  CoordinatorClientOptions coordinator;
  SlotOptions slots;
  std::string trainer_program;
  std::string http = "127.0.0.1:0";  // HOST:PORT of /metrics, /livez and /readyz
  // JSON {"http", "pid", "incarnation"}, written once everything serves, and again with each incarnation that
  // the coordinator gives (0 before); empty: none.
  std::string endpoint_file;
};

// The whole agent process: state, trainers, session, HTTP. Owns all threads; one of them owns the Agent and
// gets every fact by mail. Destruction kills what still runs. Thread-safe.
class AgentServer {
 public:
  // Kills leftovers of an earlier agent in the same directory. FAILED_PRECONDITION where another agent uses
  // it.
  static absl::StatusOr<std::unique_ptr<AgentServer>> Start(AgentServerOptions options);
  ~AgentServer();

  // Drains the trainers, waits until they are gone (as long as the drain's grace allows) and the coordinator
  // knows.
  void Leave();

  // Another process has this agent's name: all that is left is to be stopped.
  bool replaced() const;

  const std::string& http_address() const { return exposer_->address(); }

 private:
  explicit AgentServer(AgentServerOptions options);

  absl::Status Open();
  // Whether the agent's thread comes round.
  absl::Status Liveness() const;
  absl::Status Readiness() const;
  // From the agent's thread; where that stands still, what the scrape before saw.
  AgentView ViewForScrape();
  absl::Status WriteEndpointFile();
  void RunAgent();
  void TellIncarnation();
  void StartSession();

  AgentServerOptions options_;
  std::optional<FileLock> lock_;  // of its directory, until the very end
  Mailbox mailbox_;               // of the agent's thread
  RefusedMessages refused_;

  std::unique_ptr<SlotProbe> slots_;
  std::unique_ptr<SocketDirectory> socket_;
  std::unique_ptr<TrainerService> trainers_;
  std::unique_ptr<RpcServer> trainer_server_;
  std::unique_ptr<GrpcCoordinatorClient> coordinator_;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<LogRelay> log_relay_;
  std::unique_ptr<TrainerProcessLauncher> launcher_;
  std::unique_ptr<TrainerBuild> build_;
  std::unique_ptr<Agent> agent_;        // touched by the agent's thread alone once that runs
  std::uint64_t inherited_ = 0;         // newest item that an earlier agent left in the spool
  bool session_started_ = false;        // of the agent's thread
  std::uint64_t told_incarnation_ = 0;  // in the endpoint file; of the agent's thread
  std::unique_ptr<Exposer> exposer_;

  mutable absl::Mutex mutex_;
  AgentView scraped_ ABSL_GUARDED_BY(mutex_);  // at the newest scrape
  bool connected_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status refusal_ ABSL_GUARDED_BY(mutex_);
  bool replaced_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Duration last_round_ ABSL_GUARDED_BY(mutex_) = RealClock().Monotonic();
  bool drained_ ABSL_GUARDED_BY(mutex_) = false;
  bool left_ ABSL_GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

}  // namespace simclr::agent
