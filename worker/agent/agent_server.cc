#include "worker/agent/agent_server.h"

#include <pthread.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/job/text_tree.h"
#include "worker/agent/worker_metrics.h"

namespace simclr::agent {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(100);
// Copying a log to a slow artifact root takes time; a restart of the agent would cost the trainers.
constexpr absl::Duration kStuck = absl::Minutes(2);
constexpr absl::Duration kScrapeWait = absl::Seconds(2);   // less than a scrape may take
constexpr absl::Duration kLastReports = absl::Seconds(5);  // to reach the coordinator, when leaving

absl::StatusOr<FileLock> LockDirectory(const std::string& directory) {
  absl::StatusOr<FileLock> lock = FileLock::Take(JoinPath(directory, "lock"));
  if (!absl::IsAborted(lock.status())) return lock;
  return absl::FailedPreconditionError(
      absl::StrCat("another agent uses ", directory, "; stop it, or give this one its own --dir"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<AgentServer>> AgentServer::Start(AgentServerOptions options) {
  std::unique_ptr<AgentServer> server(new AgentServer(std::move(options)));
  SIMCLR_RETURN_IF_ERROR(server->Open());
  server->thread_ = std::jthread([agent = server.get()](const std::stop_token& stop) {
    ::pthread_setname_np(::pthread_self(), "agent");
    while (!stop.stop_requested()) agent->RunAgent();
  });
  return server;
}

AgentServer::AgentServer(AgentServerOptions options) : options_(std::move(options)) {}

AgentServer::~AgentServer() {
  // The agent's thread first: it is the one that starts the session.
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  if (coordinator_ != nullptr) coordinator_->StopSession();
  agent_.reset();  // kills what still runs
  exposer_.reset();
  if (trainer_server_ != nullptr) trainer_server_->Shutdown();
  outbox_.reset();
  log_relay_.reset();
}

absl::Status AgentServer::Open() {
  FileSystem& files = PosixFileSystem();
  AgentOptions& agent = options_.agent;
  SIMCLR_RETURN_IF_ERROR(files.MakeDirectories(agent.directory));
  SIMCLR_ASSIGN_OR_RETURN(FileLock lock, LockDirectory(agent.directory));
  lock_.emplace(std::move(lock));
  SIMCLR_RETURN_IF_ERROR(RemoveLeftovers(JoinPath(agent.directory, kTrainersName), agent.artifact_root,
                                         agent.ranks.max_log_bytes));
  const absl::StatusOr<std::string> cluster = files.Read(JoinPath(agent.directory, kClusterIdName));
  if (cluster.ok()) agent.cluster_id = std::string(absl::StripAsciiWhitespace(*cluster));

  SIMCLR_ASSIGN_OR_RETURN(slots_, MakeSlotProbe(options_.slots));
  SIMCLR_ASSIGN_OR_RETURN(socket_, SocketDirectory::Create());
  trainers_ = std::make_unique<TrainerService>(
      TrainerService::Callbacks{
          [this](const RankKey& key, const v1::TrainerReport& report) {
            mailbox_.Post([this, key, report] { agent_->OnTrainerReport(key, report); });
          },
          [this](const RankKey& key) { mailbox_.Post([this, key] { agent_->OnTrainerDetached(key); }); }},
      refused_);
  RpcServerOptions server;
  server.listen = absl::StrCat("unix:", socket_->socket());
  SIMCLR_ASSIGN_OR_RETURN(trainer_server_, RpcServer::Start(server, {trainers_.get()}));
  launcher_ = std::make_unique<TrainerProcessLauncher>(
      TrainerProcessOptions{options_.trainer_program, server.listen, CurrentEnvironment()});

  SIMCLR_ASSIGN_OR_RETURN(coordinator_, GrpcCoordinatorClient::Create(options_.coordinator, refused_));
  SIMCLR_ASSIGN_OR_RETURN(spool_, Spool::Open(files, JoinPath(agent.directory, "spool")));
  outbox_ = std::make_unique<Outbox>(OutboxOptions{}, *spool_, *coordinator_);
  log_relay_ = std::make_unique<LogRelay>(LogRelayOptions{agent.worker}, *coordinator_);
  build_ = std::make_unique<TrainerBuild>(options_.trainer_program, JoinPath(agent.directory, "build"),
                                          TrainerBuild::Options{});
  agent.build = [this] { return build_->current(); };
  agent_ = std::make_unique<Agent>(
      agent, AgentParts{RealClock(), files, *slots_, *launcher_, *trainers_, *coordinator_, *outbox_});

  ExposerOptions http;
  http.listen = options_.http;
  http.live = [this] { return Liveness(); };
  http.ready = [this] { return Readiness(); };
  SIMCLR_ASSIGN_OR_RETURN(
      exposer_, Exposer::Start(http, std::make_shared<WorkerMetrics>([this] { return ViewForScrape(); })));
  // What an earlier agent left behind is told in its name, before the coordinator hears of this one and ends
  // its attempts.
  inherited_ = spool_->last_sequence();
  return WriteEndpointFile();
}

absl::Status AgentServer::WriteEndpointFile() {
  if (options_.endpoint_file.empty()) return absl::OkStatus();
  return WriteAtomically(
      PosixFileSystem(), options_.endpoint_file,
      WriteJsonLine(TextTree::Object({{"http", TextTree::String(exposer_->address())},
                                      {"pid", TextTree::Integer(::getpid())},
                                      {"incarnation", TextTree::String(absl::StrCat(told_incarnation_))}})));
}

void AgentServer::RunAgent() {
  const bool ready = build_->asked() && spool_->AwaitDelivered(inherited_, absl::ZeroDuration());
  if (!session_started_ && ready) StartSession();
  mailbox_.Drain(kTick);
  agent_->Tick();
  log_relay_->Follow(agent_->incarnation(), agent_->Followed());
  TellIncarnation();
  absl::MutexLock lock(&mutex_);
  connected_ = agent_->connected();
  refusal_ = agent_->refusal();
  replaced_ = agent_->replaced();
  last_round_ = RealClock().Monotonic();
  drained_ = agent_->drained();
  left_ = agent_->left();
}

void AgentServer::TellIncarnation() {
  if (told_incarnation_ == agent_->incarnation()) return;
  told_incarnation_ = agent_->incarnation();
  LogInfo("the coordinator knows this agent", {{"incarnation", absl::StrCat(told_incarnation_)}});
  const absl::Status written = WriteEndpointFile();
  if (!written.ok()) LogWarning("endpoint file is not kept", {{"cause", written.ToString()}});
}

void AgentServer::StartSession() {
  session_started_ = true;
  coordinator_->StartSession(
      {[this](const v1::Desired& desired) { mailbox_.Post([this, desired] { agent_->OnDesired(desired); }); },
       [this](bool connected) { mailbox_.Post([this, connected] { agent_->OnConnection(connected); }); },
       [this](const absl::Status& refusal) {
         mailbox_.Post([this, refusal] { agent_->OnRefused(refusal); });
       }});
}

void AgentServer::Leave() {
  mailbox_.Post([this] { agent_->Leave(); });
  absl::MutexLock lock(&mutex_);
  const SupervisedRank::Options& ranks = options_.agent.ranks;
  mutex_.AwaitWithTimeout(absl::Condition(&drained_),
                          options_.agent.own_drain_grace + ranks.after_drain_grace + ranks.kill_grace);
  if (!mutex_.AwaitWithTimeout(absl::Condition(&left_), kLastReports)) {
    LogWarning("leaving with undelivered reports; the next start delivers them",
               {{"count", absl::StrCat(spool_->size())}});
  }
}

absl::Status AgentServer::Liveness() const {
  absl::MutexLock lock(&mutex_);
  const absl::Duration silence = RealClock().Monotonic() - last_round_;
  if (silence < kStuck) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("the agent's thread stands still since ", absl::FormatDuration(silence)));
}

absl::Status AgentServer::Readiness() const {
  absl::MutexLock lock(&mutex_);
  if (connected_) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("no session with the coordinator", refusal_.ok() ? "" : ": ", refusal_.message()));
}

bool AgentServer::replaced() const {
  absl::MutexLock lock(&mutex_);
  return replaced_;
}

AgentView AgentServer::ViewForScrape() {
  // Shared with the agent's thread, which may answer when nobody waits any more.
  const auto answered = std::make_shared<absl::Notification>();
  mailbox_.Post([this, answered] {
    AgentView view = agent_->View();
    view.refused = refused_.counts();
    {
      absl::MutexLock lock(&mutex_);
      scraped_ = std::move(view);
    }
    answered->Notify();
  });
  answered->WaitForNotificationWithTimeout(kScrapeWait);
  absl::MutexLock lock(&mutex_);
  return scraped_;
}

}  // namespace simclr::agent
