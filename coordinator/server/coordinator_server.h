#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "common/base/clock.h"
#include "common/base/periodic_task.h"
#include "common/base/thread_pool.h"
#include "common/metrics/exposer.h"
#include "common/rpc/callback_pollers.h"
#include "common/rpc/server.h"
#include "coordinator/collect/artifact_tree.h"
#include "coordinator/collect/collector.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/metrics/coordinator_metrics.h"
#include "coordinator/server/cluster_service.h"
#include "coordinator/server/job_end_writer.h"
#include "coordinator/server/job_service.h"
#include "coordinator/server/listener_check.h"
#include "coordinator/server/tokens_reloader.h"
#include "coordinator/server/worker_service.h"
#include "coordinator/store/data_directory.h"
#include "coordinator/store/sqlite_ended_jobs.h"
#include "coordinator/store/sqlite_journal.h"
#include "coordinator/store/sqlite_step_metrics.h"

namespace simclr::coordinator {

struct CoordinatorServerOptions {
  std::string data_directory;
  std::string listen = "127.0.0.1:0";  // gRPC; port 0: from the kernel
  std::string http = "127.0.0.1:0";    // /metrics, /livez, /readyz
  std::string artifact_root;
  absl::Duration reload_interval = absl::Seconds(10);  // between two looks at certificates and tokens
  // Of a connection to the gRPC port, after which it takes no new calls; calls that run are not disturbed.
  absl::Duration max_connection_age = absl::Minutes(30);
  AcceptorOptions acceptor;   // bounds of connections to the gRPC port
  TlsFiles tls;               // empty: plaintext, on loopback only
  std::string tokens_file;    // see Authorizer
  std::string endpoint_file;  // written once it serves; empty: none
  std::string cluster_id;     // empty: whatever the data directory holds
  std::string version;
  std::vector<std::string> data_roots;
  std::int64_t max_open_jobs = CoordinatorOptions().max_open_jobs;
  std::int64_t max_open_jobs_of_user = CoordinatorOptions().max_open_jobs_of_user;
  bool viewers_read_artifacts = false;  // files and logs of others' jobs, too
  KeepEndedJobs keep_ended_jobs;
  PolicyOptions policy;
};

// The whole coordinator in one object: it serves from Start to destruction, which ends sessions, stops
// serving and writes a snapshot. Thread-safe.
class CoordinatorServer {
 public:
  // Besides the errors of DataDirectory::Open and Coordinator::Open: INVALID_ARGUMENT (credentials, tokens
  // file, plaintext on anything but loopback), FAILED_PRECONDITION (an address is taken; the message names
  // it).
  static absl::StatusOr<std::unique_ptr<CoordinatorServer>> Start(const CoordinatorServerOptions& options,
                                                                  const Clock& clock = RealClock());
  ~CoordinatorServer();

  const std::string& address() const { return rpc_->address(); }
  const std::string& http_address() const { return exposer_->address(); }
  Coordinator& coordinator() { return *coordinator_; }

 private:
  CoordinatorServer(const CoordinatorServerOptions& options, const Clock& clock, DataDirectory directory,
                    const std::string& tokens, Authorizer authorizer);
  absl::Status OpenTls();
  absl::Status OpenState();
  absl::Status Serve();
  void MakeServices();
  absl::Status StartExposer();
  absl::Status StartRpc();
  absl::Status DialItself() const;
  void CheckListener();
  void LookAtFiles();
  absl::Status WriteEndpointFile() const;
  void WriteSnapshot(bool always) const;
  void DeleteExpired();
  void StartCollector();

  const CoordinatorServerOptions options_;
  const Clock& clock_;
  const DataDirectory directory_;
  Authorizer authorizer_;
  TokensReloader tokens_;
  std::unique_ptr<TlsReloader> tls_;  // absent in plaintext
  const ArtifactReader artifacts_;
  const ArtifactRoot artifact_tree_;
  absl::Notification stopping_;
  const std::shared_ptr<CoordinatorMetrics> metrics_;
  std::unique_ptr<SqliteJournal> journal_;
  std::unique_ptr<SqliteEndedJobs> ended_jobs_;
  std::unique_ptr<SqliteStepMetrics> step_metrics_;
  std::unique_ptr<ThreadPool> finishers_;  // of sessions whose registration became durable
  std::unique_ptr<Coordinator> coordinator_;
  LogRequests log_requests_;
  std::unique_ptr<ServiceContext> service_;
  std::unique_ptr<JobEndWriter> writer_;
  std::unique_ptr<PeriodicTask> snapshots_;
  std::unique_ptr<PeriodicTask> retention_;
  std::unique_ptr<CollectorObserver> collector_observer_;
  std::unique_ptr<Collector> collector_;
  std::unique_ptr<PeriodicTask> collector_task_;
  std::unique_ptr<JobService> job_service_;
  std::unique_ptr<ClusterService> cluster_service_;
  std::unique_ptr<WorkerService> worker_service_;
  std::unique_ptr<ListenerCheck> listener_check_;
  std::unique_ptr<Exposer> exposer_;
  std::unique_ptr<RpcServer> rpc_;
  std::optional<CallbackPollers> pollers_;
  std::unique_ptr<PeriodicTask> listener_check_task_;
  std::unique_ptr<PeriodicTask> reload_task_;
};

}  // namespace simclr::coordinator
