#include "coordinator/server/coordinator_server.h"

#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/job/proto_time.h"
#include "common/job/text_tree.h"
#include "common/rpc/dial.h"
#include "coordinator/metrics/metric_list.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

constexpr absl::Duration kSnapshotInterval = absl::Seconds(5);
constexpr absl::Duration kRetentionInterval = absl::Seconds(30);
constexpr absl::Duration kCollectInterval = absl::Seconds(1);
constexpr int kFinishers = 2;
constexpr std::size_t kFinishersQueue = 10'000;
constexpr absl::Duration kListenerCheckInterval = absl::Seconds(10);
constexpr absl::Duration kListenerCheckTimeout = absl::Seconds(5);

class CollectorMetrics : public CollectorObserver {
 public:
  explicit CollectorMetrics(CoordinatorMetrics& metrics) : metrics_(metrics) {}

  void OnCollected(std::int64_t directories, std::int64_t bytes) override {
    metrics_.OnCollected(directories, bytes);
  }
  void OnCollectFailed() override { metrics_.OnCollectFailed(); }

 private:
  CoordinatorMetrics& metrics_;
};

CoordinatorMetricsOptions MetricsOptions(const CoordinatorServerOptions& options,
                                         const DataDirectory& directory,
                                         std::function<std::optional<absl::Time>()> certificate_expiry,
                                         std::function<std::optional<absl::Time>()> ca_expiry) {
  CoordinatorMetricsOptions metrics;
  metrics.version = options.version;
  metrics.grpc_version = grpc::Version();
  metrics.database_path = directory.database_path();
  metrics.certificate_expiry = std::move(certificate_expiry);
  metrics.ca_expiry = std::move(ca_expiry);
  return metrics;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CoordinatorServer>> CoordinatorServer::Start(
    const CoordinatorServerOptions& options, const Clock& clock) {
  SIMCLR_ASSIGN_OR_RETURN(const std::string tokens, ReadTokens(options.tokens_file));
  SIMCLR_ASSIGN_OR_RETURN(Authorizer authorizer, Authorizer::Create(tokens, !options.tls.empty()));
  SIMCLR_ASSIGN_OR_RETURN(DataDirectory directory,
                          DataDirectory::Open(options.data_directory, options.cluster_id));
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().MakeDirectories(options.artifact_root));
  std::unique_ptr<CoordinatorServer> server(
      new CoordinatorServer(options, clock, std::move(directory), tokens, std::move(authorizer)));
  SIMCLR_RETURN_IF_ERROR(server->OpenTls());
  SIMCLR_RETURN_IF_ERROR(server->OpenState());
  SIMCLR_RETURN_IF_ERROR(server->Serve());
  return server;
}

CoordinatorServer::CoordinatorServer(const CoordinatorServerOptions& options, const Clock& clock,
                                     DataDirectory directory, const std::string& tokens,
                                     Authorizer authorizer)
    : options_(options),
      clock_(clock),
      directory_(std::move(directory)),
      authorizer_(std::move(authorizer)),
      tokens_(options.tokens_file, tokens, authorizer_),
      artifacts_(options.artifact_root),
      artifact_tree_(options.artifact_root),
      metrics_(std::make_shared<CoordinatorMetrics>(
          MetricsOptions(
              options_, directory_,
              [this] { return tls_ == nullptr ? std::nullopt : std::optional(tls_->expiry().own); },
              [this] { return tls_ == nullptr ? std::nullopt : std::optional(tls_->expiry().ca); }),
          [this] { return coordinator_->View(kJobSeriesLifetime); })) {}

absl::Status CoordinatorServer::OpenTls() {
  if (options_.tls.empty()) return absl::OkStatus();
  SIMCLR_RETURN_IF_ERROR(CheckServerFiles(options_.tls));
  SIMCLR_ASSIGN_OR_RETURN(tls_,
                          TlsReloader::Open(options_.tls, JoinPath(options_.data_directory, "tls"), clock_));
  return absl::OkStatus();
}

absl::Status CoordinatorServer::OpenState() {
  SIMCLR_ASSIGN_OR_RETURN(journal_, SqliteJournal::Open(directory_));
  SIMCLR_ASSIGN_OR_RETURN(ended_jobs_, SqliteEndedJobs::Open(directory_));
  SIMCLR_ASSIGN_OR_RETURN(step_metrics_, SqliteStepMetrics::Open(directory_.metrics_path()));
  finishers_ = std::make_unique<ThreadPool>("finish", kFinishers, kFinishersQueue);
  CoordinatorOptions options;
  options.policy = options_.policy;
  options.data_roots = options_.data_roots;
  options.max_open_jobs = options_.max_open_jobs;
  options.max_open_jobs_of_user = options_.max_open_jobs_of_user;
  // An agent whose answer finds no room asks again by its next report.
  options.finish = [this](std::function<void()> call) { (void)finishers_->Run(std::move(call)); };
  SIMCLR_ASSIGN_OR_RETURN(coordinator_, Coordinator::Open(std::move(options), clock_, *journal_, *ended_jobs_,
                                                          *step_metrics_, metrics_->events()));
  service_ = std::make_unique<ServiceContext>(ServiceContext{
      *coordinator_, authorizer_, artifacts_, log_requests_, stopping_, options_.viewers_read_artifacts,
      [this](const std::string& denial) { metrics_->calls().OnAuthorized(denial); },
      [this](const std::string& type, const std::string& reason) {
        metrics_->calls().OnRefused(type, reason);
      },
      [this](const std::string& type, const std::string& worker) {
        metrics_->calls().OnUnreadable(type, worker);
      }});
  return absl::OkStatus();
}

absl::Status CoordinatorServer::Serve() {
  coordinator_->Start();
  writer_ =
      std::make_unique<JobEndWriter>(*coordinator_, *ended_jobs_, PosixFileSystem(), options_.artifact_root);
  snapshots_ = std::make_unique<PeriodicTask>("snapshot", kSnapshotInterval,
                                              [this] { WriteSnapshot(/*always=*/false); });
  retention_ = std::make_unique<PeriodicTask>("retention", kRetentionInterval, [this] { DeleteExpired(); });
  StartCollector();
  MakeServices();
  SIMCLR_RETURN_IF_ERROR(StartExposer());
  SIMCLR_RETURN_IF_ERROR(StartRpc());
  LogInfo("coordinator serves", {{"grpc", address()},
                                 {"http", http_address()},
                                 {"cluster", coordinator_->cluster_id()},
                                 {"term", absl::StrCat(coordinator_->term())}});
  return WriteEndpointFile();
}

void CoordinatorServer::MakeServices() {
  v1::ClusterStatus facts;
  facts.set_version(options_.version);
  facts.set_pid(::getpid());
  *facts.mutable_started_at() = ToProto(clock_.Now());
  job_service_ = std::make_unique<JobService>(*service_);
  cluster_service_ = std::make_unique<ClusterService>(*service_, facts);
  worker_service_ = std::make_unique<WorkerService>(
      *service_, [this](const v1::PushMetricsRequest& request) { metrics_->OnSamples(request); });
}

absl::Status CoordinatorServer::StartExposer() {
  listener_check_ = std::make_unique<ListenerCheck>([this] { return DialItself(); },
                                                    [this] { metrics_->OnSelfCheckFailed(); });
  ExposerOptions exposer;
  exposer.listen = options_.http;
  exposer.live = [this] { return listener_check_->Live(); };
  exposer.ready = [this] { return tls_ == nullptr ? absl::OkStatus() : tls_->Check(); };
  SIMCLR_ASSIGN_OR_RETURN(exposer_, Exposer::Start(exposer, metrics_));
  return absl::OkStatus();
}

absl::Status CoordinatorServer::StartRpc() {
  RpcServerOptions rpc;
  rpc.listen = options_.listen;
  rpc.tls = options_.tls;
  rpc.certificates = tls_.get();
  rpc.max_connection_age = options_.max_connection_age;
  rpc.acceptor = options_.acceptor;
  rpc.observer = &metrics_->calls();
  SIMCLR_ASSIGN_OR_RETURN(
      rpc_, RpcServer::Start(rpc, {job_service_.get(), cluster_service_.get(), worker_service_.get()}));
  pollers_.emplace();
  listener_check_task_ =
      std::make_unique<PeriodicTask>("listener-check", kListenerCheckInterval, [this] { CheckListener(); });
  reload_task_ =
      std::make_unique<PeriodicTask>("reload", options_.reload_interval, [this] { LookAtFiles(); });
  return absl::OkStatus();
}

void CoordinatorServer::LookAtFiles() {
  if (tls_ != nullptr) tls_->Look();
  if (!options_.tokens_file.empty()) tokens_.Look();
  metrics_->SetReloadRefused(tls_ != nullptr && tls_->refused(), tokens_.refused());
}

absl::Status CoordinatorServer::DialItself() const {
  const absl::Status dialled = Dial(address(), !options_.tls.empty(), kListenerCheckTimeout);
  return rpc_->full() ? absl::OkStatus() : dialled;  // it answers: by refusing
}

void CoordinatorServer::CheckListener() {
  listener_check_->Run();
  metrics_->SetRefusedConnections(rpc_->refused());
}

absl::Status CoordinatorServer::WriteEndpointFile() const {
  if (options_.endpoint_file.empty()) return absl::OkStatus();
  return WriteAtomically(PosixFileSystem(), options_.endpoint_file,
                         WriteJsonLine(TextTree::Object({{"grpc", TextTree::String(address())},
                                                         {"http", TextTree::String(http_address())},
                                                         {"pid", TextTree::Integer(::getpid())}})));
}

CoordinatorServer::~CoordinatorServer() {
  stopping_.Notify();
  listener_check_task_.reset();
  reload_task_.reset();
  if (worker_service_ != nullptr) worker_service_->CloseSessions();
  if (rpc_ != nullptr) rpc_->Shutdown();
  exposer_.reset();
  rpc_.reset();
  collector_task_.reset();
  retention_.reset();
  snapshots_.reset();
  writer_.reset();
  if (coordinator_ != nullptr) {
    coordinator_->Stop();
    WriteSnapshot(/*always=*/true);
  }
  finishers_.reset();
  worker_service_.reset();
}

void CoordinatorServer::StartCollector() {
  CollectorOptions options;
  options.report_only = !directory_.restored().empty();
  if (options.report_only) {
    LogWarning(
        "no file is removed until checkpoints on disk are adopted or given up: stop, run "
        "`simclr-coordinator adopt --all`, start again",
        {{"database", directory_.restored()}});
  }
  collector_observer_ = std::make_unique<CollectorMetrics>(*metrics_);
  collector_ = std::make_unique<Collector>(*coordinator_, *ended_jobs_, *step_metrics_, artifact_tree_,
                                           *collector_observer_, options);
  collector_task_ = std::make_unique<PeriodicTask>("collector", kCollectInterval, [this] {
    collector_->RunOnce(clock_.Now(), clock_.Monotonic());
    metrics_->SetUnknownPaths(collector_->unknown_count());
  });
}

void CoordinatorServer::DeleteExpired() {
  const absl::StatusOr<int> deleted = coordinator_->DeleteExpired(options_.keep_ended_jobs);
  if (!deleted.ok())
    return LogWarning("old jobs are not deleted yet", {{"error", deleted.status().ToString()}});
  if (*deleted > 0) LogInfo("old jobs are deleted", {{"jobs", absl::StrCat(*deleted)}});
}

void CoordinatorServer::WriteSnapshot(bool always) const {
  const absl::Status written = coordinator_->Snapshot(always);
  if (written.ok()) return;
  LogWarning("no snapshot is written; the next start replays more events", {{"error", written.ToString()}});
}

}  // namespace simclr::coordinator
