#include "coordinator/server/coordinator_server.h"

#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/crypto/certificates.h"
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
constexpr std::size_t kMaxTokensBytes = 16 << 20;
constexpr std::size_t kMaxPemBytes = 1 << 20;
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

absl::StatusOr<Authorizer> MakeAuthorizer(const CoordinatorServerOptions& options) {
  std::string tokens;
  if (!options.tokens_file.empty()) {
    SIMCLR_ASSIGN_OR_RETURN(tokens, ReadSmallFile(options.tokens_file, kMaxTokensBytes));
  }
  return Authorizer::Create(tokens, !options.tls.empty());
}

// Empty where the file says nothing; that credentials are usable is checked when they are put to use.
std::optional<absl::Time> ExpiryOf(const std::string& file) {
  const absl::StatusOr<std::string> pem = ReadSmallFile(file, kMaxPemBytes);
  const absl::StatusOr<absl::Time> expiry = pem.ok() ? EarliestExpiry(*pem) : pem.status();
  return expiry.ok() ? std::optional(*expiry) : std::nullopt;
}

CoordinatorMetricsOptions MetricsOptions(const CoordinatorServerOptions& options,
                                         const DataDirectory& directory) {
  CoordinatorMetricsOptions metrics;
  metrics.version = options.version;
  metrics.grpc_version = grpc::Version();
  metrics.database_path = directory.database_path();
  if (options.tls.empty()) return metrics;
  metrics.certificate_expiry = ExpiryOf(options.tls.certificate);
  metrics.ca_expiry = ExpiryOf(options.tls.ca);
  return metrics;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CoordinatorServer>> CoordinatorServer::Start(
    const CoordinatorServerOptions& options, const Clock& clock) {
  SIMCLR_ASSIGN_OR_RETURN(Authorizer authorizer, MakeAuthorizer(options));
  SIMCLR_ASSIGN_OR_RETURN(DataDirectory directory,
                          DataDirectory::Open(options.data_directory, options.cluster_id));
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().MakeDirectories(options.artifact_root));
  std::unique_ptr<CoordinatorServer> server(
      new CoordinatorServer(options, clock, std::move(directory), std::move(authorizer)));
  SIMCLR_RETURN_IF_ERROR(server->OpenState());
  SIMCLR_RETURN_IF_ERROR(server->Serve());
  return server;
}

CoordinatorServer::CoordinatorServer(const CoordinatorServerOptions& options, const Clock& clock,
                                     DataDirectory directory, Authorizer authorizer)
    : options_(options),
      clock_(clock),
      directory_(std::move(directory)),
      authorizer_(std::move(authorizer)),
      artifacts_(options.artifact_root),
      artifact_tree_(options.artifact_root),
      metrics_(std::make_shared<CoordinatorMetrics>(
          MetricsOptions(options_, directory_), [this] { return coordinator_->View(kJobSeriesLifetime); })) {}

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
  listener_check_ = std::make_unique<ListenerCheck>(
      [this] { return Dial(address(), !options_.tls.empty(), kListenerCheckTimeout); },
      [this] { metrics_->OnSelfCheckFailed(); });
  ExposerOptions exposer;
  exposer.listen = options_.http;
  exposer.live = [this] { return listener_check_->Live(); };
  SIMCLR_ASSIGN_OR_RETURN(exposer_, Exposer::Start(exposer, metrics_));
  return absl::OkStatus();
}

absl::Status CoordinatorServer::StartRpc() {
  RpcServerOptions rpc;
  rpc.listen = options_.listen;
  rpc.tls = options_.tls;
  rpc.observer = &metrics_->calls();
  SIMCLR_ASSIGN_OR_RETURN(
      rpc_, RpcServer::Start(rpc, {job_service_.get(), cluster_service_.get(), worker_service_.get()}));
  pollers_.emplace();
  listener_check_task_ = std::make_unique<PeriodicTask>("listener-check", kListenerCheckInterval,
                                                        [this] { listener_check_->Run(); });
  return absl::OkStatus();
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
