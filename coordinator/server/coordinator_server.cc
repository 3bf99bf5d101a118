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
#include "common/rpc/dial.h"
#include "coordinator/metrics/metric_list.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

constexpr std::size_t kMaxTokensBytes = 16 << 20;
constexpr std::size_t kMaxPemBytes = 1 << 20;
constexpr absl::Duration kTickInterval = absl::Milliseconds(500);
constexpr absl::Duration kListenerCheckInterval = absl::Seconds(10);
constexpr absl::Duration kListenerCheckTimeout = absl::Seconds(5);

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

// The job that ended for good, by its last attempt or without one; empty: none.
std::string EndedJob(const v1::Event& event) {
  if (event.has_job_ended()) return event.job_ended().job_id();
  const bool by_attempt = event.has_attempt_ended() && IsTerminal(event.attempt_ended().phase());
  return by_attempt ? event.attempt_ended().job_id() : "";
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
      metrics_(std::make_shared<CoordinatorMetrics>(
          MetricsOptions(options_, directory_), [this] { return coordinator_->View(kJobSeriesLifetime); })),
      observer_(*this) {}

absl::Status CoordinatorServer::OpenState() {
  SIMCLR_ASSIGN_OR_RETURN(journal_, SqliteJournal::Open(directory_));
  SIMCLR_ASSIGN_OR_RETURN(step_metrics_, SqliteStepMetrics::Open(directory_));
  CoordinatorOptions options;
  options.policy = options_.policy;
  options.data_roots = options_.data_roots;
  options.wants_tick = [this] { WakeTick(); };
  SIMCLR_ASSIGN_OR_RETURN(
      coordinator_, Coordinator::Open(std::move(options), clock_, *journal_, *step_metrics_, observer_));
  log_tails_ = std::make_unique<LogTails>(LogTailsOptions(), [this](const FollowedRank& rank, bool followed) {
    coordinator_->SetFollowed(rank, followed);
  });
  service_ = std::make_unique<ServiceContext>(
      ServiceContext{*coordinator_, authorizer_, artifacts_, *log_tails_, stopping_,
                     [this](const std::string& denial) { metrics_->calls().OnAuthorized(denial); }});
  return absl::OkStatus();
}

absl::Status CoordinatorServer::Serve() {
  writer_ = std::make_unique<JobEndWriter>(*coordinator_, PosixFileSystem(), options_.artifact_root);
  writer_target_ = writer_.get();
  tick_ = std::make_unique<PeriodicTask>("tick", kTickInterval, [this] { coordinator_->Tick(); });
  tick_target_ = tick_.get();
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
  listener_check_task_ = std::make_unique<PeriodicTask>("listener-check", kListenerCheckInterval,
                                                        [this] { listener_check_->Run(); });
  return absl::OkStatus();
}

absl::Status CoordinatorServer::WriteEndpointFile() const {
  if (options_.endpoint_file.empty()) return absl::OkStatus();
  return WriteAtomically(PosixFileSystem(), options_.endpoint_file,
                         absl::StrCat("{\"grpc\": \"", address(), "\", \"http\": \"", http_address(),
                                      "\", \"pid\": ", ::getpid(), "}\n"));
}

CoordinatorServer::~CoordinatorServer() {
  stopping_.Notify();
  listener_check_task_.reset();
  if (worker_service_ != nullptr) worker_service_->CloseSessions();
  if (rpc_ != nullptr) rpc_->Shutdown();
  exposer_.reset();
  rpc_.reset();
  worker_service_.reset();
  tick_target_ = nullptr;
  tick_.reset();
  writer_target_ = nullptr;
  writer_.reset();
  if (coordinator_ == nullptr) return;
  if (const absl::Status written = coordinator_->Snapshot(); !written.ok()) {
    LogWarning("no snapshot at the stop; the next start replays more events",
               {{"error", written.ToString()}});
  }
}

void CoordinatorServer::WakeTick() {
  if (PeriodicTask* tick = tick_target_) tick->WakeNow();
}

void CoordinatorServer::Observer::OnEvent(const v1::Event& event, const v1::JobRecord* job,
                                          const PhaseSpan& before) {
  server_.metrics_->events().OnEvent(event, job, before);
  const std::string ended = EndedJob(event);
  JobEndWriter* const writer = server_.writer_target_;
  if (!ended.empty() && writer != nullptr) writer->Enqueue(ended);
}

void CoordinatorServer::Observer::OnCommit(absl::Duration duration) {
  server_.metrics_->events().OnCommit(duration);
}

void CoordinatorServer::Observer::OnCommitFailed(const absl::Status& status) {
  LogError("the journal cannot be written", {{"error", std::string(status.message())}});
  server_.metrics_->events().OnCommitFailed(status);
}

void CoordinatorServer::Observer::OnStaleRefused(const std::string& operation) {
  server_.metrics_->events().OnStaleRefused(operation);
}

void CoordinatorServer::Observer::OnHeartbeat(const absl::Status& taken) {
  server_.metrics_->events().OnHeartbeat(taken);
}

void CoordinatorServer::Observer::OnScheduled(absl::Duration duration) {
  server_.metrics_->events().OnScheduled(duration);
}

void CoordinatorServer::Observer::OnSlotsHeld(v1::JobKind kind, absl::Duration slot_time) {
  server_.metrics_->events().OnSlotsHeld(kind, slot_time);
}

}  // namespace simclr::coordinator
