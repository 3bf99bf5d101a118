#include "worker/agent/agent.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/notification.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/job/text_tree.h"
#include "worker/agent/files/leftovers.h"
#include "worker/agent/probes/shared_memory.h"
#include "worker/agent/worker_metrics.h"

namespace simclr::agent {
namespace {

constexpr absl::Duration kStuck = absl::Seconds(5);
constexpr absl::Duration kScrapeWait = absl::Seconds(2);     // less than a scrape may take
constexpr absl::Duration kLastReports = absl::Seconds(5);    // to reach the coordinator, when leaving
constexpr absl::Duration kPartLimit = absl::Seconds(2);      // for a part to end
constexpr absl::Duration kLeftoverLimit = absl::Seconds(2);  // for a killed process to go

absl::StatusOr<FileLock> LockDirectory(const std::string& directory) {
  absl::StatusOr<FileLock> lock = FileLock::Take(JoinPath(directory, "lock"));
  if (!absl::IsAborted(lock.status())) return lock;
  return absl::FailedPreconditionError(
      absl::StrCat("another agent uses ", directory, "; stop it, or give this one its own --dir"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Agent>> Agent::Start(AgentOptions options) {
  std::unique_ptr<Agent> agent(new Agent(std::move(options)));
  SIMCLR_RETURN_IF_ERROR(agent->Open());
  return agent;
}

Agent::~Agent() {
  static_cast<void>(Stop());
  threads_.clear();
  control_.reset();  // kills what still runs
}

absl::Status Agent::Open() {
  SIMCLR_RETURN_IF_ERROR(OpenDirectory());
  SIMCLR_RETURN_IF_ERROR(OpenParts());
  MakeControl();
  for (ArchiveRequest& request : unarchived_) archive_->Add(std::move(request));
  SIMCLR_RETURN_IF_ERROR(Serve());
  StartThreads();
  return absl::OkStatus();
}

absl::Status Agent::OpenDirectory() {
  FileSystem& files = PosixFileSystem();
  ControlOptions& control = options_.control;
  SIMCLR_RETURN_IF_ERROR(files.MakeDirectories(control.directory));
  SIMCLR_ASSIGN_OR_RETURN(FileLock lock, LockDirectory(control.directory));
  lock_.emplace(std::move(lock));
  SIMCLR_RETURN_IF_ERROR(ClearLeftovers());
  const absl::StatusOr<std::string> cluster = files.Read(JoinPath(control.directory, kClusterIdName));
  if (cluster.ok()) control.cluster_id = std::string(absl::StripAsciiWhitespace(*cluster));
  SpoolDirectory spool(files, JoinPath(control.directory, kSpoolName));
  SIMCLR_ASSIGN_OR_RETURN(spooled_, spool.Load());
  return absl::OkStatus();
}

absl::Status Agent::ClearLeftovers() {
  FileSystem& files = PosixFileSystem();
  SIMCLR_ASSIGN_OR_RETURN(std::vector<Leftover> leftovers,
                          FindLeftovers(files, JoinPath(options_.control.directory, kTrainersName)));
  for (const Leftover& leftover : leftovers) {
    if (!leftover.process.has_value()) continue;
    LogWarning("killing a trainer that an earlier agent left",
               {{"pid", absl::StrCat(leftover.process->pid)}, {"dir", leftover.directory}});
    SignalGroup(*leftover.process, SIGKILL);
  }
  for (Leftover& leftover : leftovers) {
    const bool here = leftover.process.has_value() && !AwaitEnd(*leftover.process, kLeftoverLimit);
    if (here && leftover.key.has_value()) {
      options_.control.leftovers.push_back(std::move(leftover));
    } else if (leftover.log_name.empty()) {
      SIMCLR_RETURN_IF_ERROR(files.RemoveAll(leftover.directory));
    } else {
      unarchived_.push_back({leftover.key, leftover.directory, leftover.log_name});
    }
  }
  return absl::OkStatus();
}

absl::Status Agent::OpenParts() {
  const Clock& clock = RealClock();
  const ControlOptions& control = options_.control;
  SIMCLR_ASSIGN_OR_RETURN(slots_, MakeSlotProbe(options_.slots));
  SIMCLR_ASSIGN_OR_RETURN(socket_, SocketDirectory::Create());
  SIMCLR_ASSIGN_OR_RETURN(coordinator_, GrpcCoordinatorClient::Create(options_.coordinator, refused_));
  FilesOptions files;
  files.spool = JoinPath(control.directory, kSpoolName);
  files_ = std::make_unique<Files>(files, PosixFileSystem(), clock);
  ArchiveOptions archive;
  archive.root = control.artifact_root;
  archive_ = std::make_unique<Archive>(archive, *options_.storage, clock, RandomBits(),
                                       [this](const Archived& archived) {
                                         control_->Post([this, archived] { control_->OnArchived(archived); });
                                       });
  ProbesOptions probes;
  probes.disks = {{"agent", control.directory}, {"shared_memory", kSharedMemoryPath}};
  probes_ = std::make_unique<Probes>(probes, *slots_, clock, [this](Probed probed) {
    control_->Post([this, probed = std::move(probed)] { control_->OnProbed(probed); });
  });
  processes_ = std::make_unique<TrainerProcessLauncher>(TrainerProcessOptions{
      options_.trainer_program, absl::StrCat("unix:", socket_->socket()), CurrentEnvironment()});
  launcher_ = std::make_unique<Launcher>(*processes_, MemoryCgroupPaths(), clock, [this](Launched launched) {
    const auto shared = std::make_shared<Launched>(std::move(launched));
    control_->Post([this, shared] { control_->OnLaunched(std::move(*shared)); });
  });
  outbox_ = std::make_unique<Outbox>(OutboxOptions{}, *files_, *coordinator_, clock, std::move(spooled_),
                                     RandomBits());
  logs_ = std::make_unique<LogReader>(
      LogReaderOptions(), [this](v1::LogPiece piece) { coordinator_->SendLogPiece(std::move(piece)); });
  return absl::OkStatus();
}

void Agent::MakeControl() {
  options_.control.on_incarnation = [this](std::uint64_t incarnation) {
    LogInfo("the coordinator knows this agent", {{"incarnation", absl::StrCat(incarnation)}});
    if (!options_.endpoint_file.empty()) files_->Write(options_.endpoint_file, EndpointText(incarnation));
  };
  trainers_ = std::make_unique<TrainerService>(
      TrainerService::Callbacks{
          [this](const RankKey& key, const v1::TrainerReport& report) {
            control_->Post([this, key, report] { control_->OnTrainerReport(key, report); });
          },
          [this](const RankKey& key) { control_->Post([this, key] { control_->OnTrainerDetached(key); }); }},
      refused_);
  build_ = std::make_unique<TrainerBuild>(
      options_.trainer_program, JoinPath(options_.control.directory, "build"), TrainerBuild::Options{});
  options_.control.build = [this] { return build_->current(); };
  options_.control.build_asked = [this] { return build_->asked(); };
  control_ = std::make_unique<Control>(
      options_.control, ControlParts{RealClock(), *coordinator_, *trainers_, *launcher_, *files_, *archive_,
                                     *probes_, *outbox_, *logs_});
}

absl::Status Agent::Serve() {
  RpcServerOptions server;
  server.listen = absl::StrCat("unix:", socket_->socket());
  SIMCLR_ASSIGN_OR_RETURN(trainer_server_, RpcServer::Start(server, {trainers_.get()}));
  ExposerOptions http;
  http.listen = options_.http;
  http.live = [this] { return Liveness(); };
  http.ready = [this] { return Readiness(); };
  SIMCLR_ASSIGN_OR_RETURN(
      exposer_, Exposer::Start(http, std::make_shared<WorkerMetrics>([this] { return ViewForScrape(); })));
  if (options_.endpoint_file.empty()) return absl::OkStatus();
  return WriteAtomically(PosixFileSystem(), options_.endpoint_file, EndpointText(0));
}

// In the order of their end: the control gives the others work, and with the launcher its trainers go.
void Agent::StartThreads() {
  const auto start = [this](const char* name, Part& part) {
    threads_.push_back({name, std::make_unique<PartThread>(name, part, RealClock())});
  };
  start("control", *control_);
  start("logs", *logs_);
  start("outbox", *outbox_);
  start("archive", *archive_);
  start("probes", *probes_);
  start("files", *files_);
  start("launcher", *launcher_);
}

void Agent::Leave() {
  control_->Post([this] { control_->Leave(); });
  const ControlOptions& control = options_.control;
  const absl::Duration limit =
      control.own_drain_grace + control.ranks.after_drain_grace + control.ranks.kill_grace;
  const absl::Duration deadline = RealClock().Monotonic() + limit;
  control_->Await([](const ControlStatus& status) { return status.drained; }, limit);
  // What lies on a node alone may go with it.
  control_->Await([this](const ControlStatus&) { return archive_->idle(); },
                  std::max(deadline - RealClock().Monotonic(), absl::ZeroDuration()));
  const bool told = control_->Await(
      [this](const ControlStatus& status) {
        return status.left && (status.replaced || outbox_->figures().facts == 0);
      },
      kLastReports);
  if (told) return;
  LogWarning("leaving with undelivered reports; the next start delivers them",
             {{"count", absl::StrCat(outbox_->figures().facts)}});
}

absl::Status Agent::Stop() {
  if (std::exchange(stopped_, true) || threads_.empty()) return absl::OkStatus();
  std::vector<std::string> held;
  const auto stop = [&held](Thread& thread) {
    if (!thread.thread->Stop(kPartLimit)) held.push_back(thread.name);
  };
  stop(threads_[0]);
  coordinator_->StopSession();
  outbox_->Park();
  if (!files_->Flush(kPartLimit))
    LogWarning("not all that waits is written: the agent's disk does not answer");
  for (std::size_t i = 1; i < threads_.size(); ++i) stop(threads_[i]);
  exposer_.reset();
  trainer_server_->Shutdown();
  if (held.empty()) return absl::OkStatus();
  return absl::DeadlineExceededError(absl::StrCat("these parts do not end: ", absl::StrJoin(held, ", ")));
}

absl::Status Agent::Liveness() const {
  const absl::Duration silence = RealClock().Monotonic() - control_->status().turned_at;
  if (silence < kStuck) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("the agent's control stands still since ", absl::FormatDuration(silence)));
}

absl::Status Agent::Readiness() const {
  const ControlStatus status = control_->status();
  if (status.connected) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("no session with the coordinator",
                                             status.refusal.ok() ? "" : ": ", status.refusal.message()));
}

std::string Agent::EndpointText(std::uint64_t incarnation) const {
  return WriteJsonLine(TextTree::Object({{"http", TextTree::String(exposer_->address())},
                                         {"pid", TextTree::Integer(::getpid())},
                                         {"incarnation", TextTree::String(absl::StrCat(incarnation))}}));
}

AgentView Agent::ViewForScrape() {
  // Shared with the control's thread, which may answer when nobody waits any more.
  const auto answered = std::make_shared<absl::Notification>();
  control_->Post([this, answered] {
    AgentView view = control_->View();
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
