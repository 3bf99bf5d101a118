#include "cli/local/local_cluster.h"

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cli/local/free_port.h"
#include "cli/local/pki.h"
#include "cli/local/registration.h"
#include "common/base/ids.h"
#include "common/base/status_macros.h"

namespace simclr::cli {
namespace {

constexpr int kMaxWorkers = 64;
// An agent drains its trainers for up to 30 s, then ends them the hard way.
constexpr absl::Duration kWorkerGrace = absl::Seconds(60);
constexpr absl::Duration kCoordinatorGrace = absl::Seconds(20);

// The program that was installed beside this one.
absl::StatusOr<std::string> Sibling(const std::string& name) {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string path = (self.parent_path() / name).string();
  if (!error && ::access(path.c_str(), X_OK) == 0) return path;
  return absl::NotFoundError(
      absl::StrCat(path, " is missing or not executable; it belongs beside simclrctl"));
}

absl::StatusOr<ClusterLayout> LayoutOf(const std::string& directory) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(directory, error).lexically_normal();
  if (directory.empty() || error)
    return absl::InvalidArgumentError(absl::StrCat("--dir '", directory, "' is no path"));
  std::string text = path.string();
  if (text.size() > 1 && text.back() == '/') text.pop_back();
  return ClusterLayout{text};
}

int CoresPerSlot(const ClusterFile& cluster) {
  int slots = 1;
  if (!absl::SimpleAtoi(cluster.slots, &slots)) slots = 1;
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  return std::max(1, cores / (cluster.workers * slots));
}

}  // namespace

absl::StatusOr<std::unique_ptr<LocalCluster>> LocalCluster::Open(const LocalOptions& options) {
  SIMCLR_ASSIGN_OR_RETURN(ClusterLayout layout, LayoutOf(options.directory));
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().MakeDirectories(layout.directory));
  std::unique_ptr<LocalCluster> cluster(new LocalCluster(std::move(layout)));
  SIMCLR_RETURN_IF_ERROR(cluster->Lock());
  SIMCLR_RETURN_IF_ERROR(cluster->Configure(options));
  return cluster;
}

absl::StatusOr<std::unique_ptr<LocalCluster>> LocalCluster::Find(const std::string& directory) {
  SIMCLR_ASSIGN_OR_RETURN(ClusterLayout layout, LayoutOf(directory));
  if (!PosixFileSystem().Exists(layout.cluster_file())) {
    return absl::NotFoundError(absl::StrCat("no local cluster in ", layout.directory));
  }
  std::unique_ptr<LocalCluster> cluster(new LocalCluster(std::move(layout)));
  SIMCLR_ASSIGN_OR_RETURN(cluster->cluster_, LoadClusterFile(cluster->layout_.cluster_file()));
  return cluster;
}

absl::Status LocalCluster::Lock() {
  if (lock_.has_value()) return absl::OkStatus();
  absl::StatusOr<FileLock> lock = FileLock::Take(layout_.lock());
  if (absl::IsAborted(lock.status())) {
    return absl::AbortedError(
        absl::StrCat("another simclrctl is changing the cluster in ", layout_.directory));
  }
  if (!lock.ok()) {
    return absl::PermissionDeniedError(
        absl::StrCat("cannot write in ", layout_.directory, "; choose another --dir"));
  }
  lock_.emplace(*std::move(lock));
  return absl::OkStatus();
}

absl::Status LocalCluster::Configure(const LocalOptions& options) {
  absl::StatusOr<ClusterFile> before = LoadClusterFile(layout_.cluster_file());
  if (before.ok()) {
    cluster_ = *std::move(before);
  } else if (!absl::IsNotFound(before.status())) {
    return before.status();
  } else if (PosixFileSystem().Exists(layout_.database())) {
    return absl::AbortedError(
        absl::StrCat(layout_.database(), " belongs to another cluster; choose another --dir"));
  } else {
    cluster_.cluster_id = absl::StrCat("c-", HexId(RandomBits()));
  }
  if (options.workers < 0 || options.workers > kMaxWorkers) {
    return absl::InvalidArgumentError(
        absl::StrCat("--workers is ", options.workers, "; use 1 to ", kMaxWorkers));
  }
  if (options.workers > 0) cluster_.workers = options.workers;
  if (!options.slots.empty()) cluster_.slots = options.slots;
  if (options.threads_per_slot > 0) cluster_.threads_per_slot = options.threads_per_slot;
  if (!options.data_roots.empty()) cluster_.data_roots = options.data_roots;
  if (!options.trainer.empty()) cluster_.trainer = std::filesystem::absolute(options.trainer).string();
  return SaveClusterFile(layout_.cluster_file(), cluster_);
}

absl::Status LocalCluster::Start(absl::Duration limit) {
  SIMCLR_RETURN_IF_ERROR(Lock());
  SIMCLR_RETURN_IF_ERROR(EnsurePki(layout_, WorkerNames(), absl::Now()));
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().MakeDirectories(layout_.artifacts()));
  SIMCLR_RETURN_IF_ERROR(StartCoordinator(limit));
  SIMCLR_RETURN_IF_ERROR(StopWorkers(SurplusWorkers()));
  SIMCLR_RETURN_IF_ERROR(StartWorkers(limit));
  return AwaitRegistration(limit);
}

absl::Status LocalCluster::StartCoordinator(absl::Duration limit) {
  Daemon daemon = CoordinatorDaemon();
  if (FindDaemon(daemon).ok()) return absl::OkStatus();
  const std::string before = cluster_.address;
  LeaveTakenPorts();
  daemon = CoordinatorDaemon();
  SIMCLR_ASSIGN_OR_RETURN(daemon.arguments[0], Sibling(daemon.arguments[0]));
  SIMCLR_RETURN_IF_ERROR(StartDaemon(daemon, limit));
  SIMCLR_ASSIGN_OR_RETURN(const EndpointFile endpoint, LoadEndpointFile(daemon.endpoint_file()));
  // Agents that still run know the old address alone.
  if (endpoint.grpc != before) SIMCLR_RETURN_IF_ERROR(StopWorkers(AllWorkers()));
  cluster_.address = endpoint.grpc;
  cluster_.http = endpoint.http;
  return SaveClusterFile(layout_.cluster_file(), cluster_);
}

void LocalCluster::LeaveTakenPorts() {
  if (!IsFreePort(cluster_.address)) {
    left_address_ = cluster_.address;
    cluster_.address = kAnyLoopbackPort;
  }
  if (!IsFreePort(cluster_.http)) cluster_.http = kAnyLoopbackPort;
}

absl::Status LocalCluster::StartWorkers(absl::Duration limit) {
  for (const std::string& name : WorkerNames()) {
    Daemon daemon = WorkerDaemon(name);
    if (FindDaemon(daemon).ok()) continue;
    SIMCLR_ASSIGN_OR_RETURN(daemon.arguments[0], Sibling(daemon.arguments[0]));
    std::string trainer = cluster_.trainer;
    if (trainer.empty()) {
      SIMCLR_ASSIGN_OR_RETURN(trainer, Sibling("simclr-trainer"));
    }
    daemon.arguments.insert(daemon.arguments.end(), {"--trainer", trainer});
    SIMCLR_RETURN_IF_ERROR(StartDaemon(daemon, limit));
  }
  return absl::OkStatus();
}

absl::Status LocalCluster::AwaitRegistration(absl::Duration limit) const {
  std::vector<ExpectedWorker> expected;
  for (const std::string& name : WorkerNames())
    expected.push_back({name, WorkerDaemon(name).endpoint_file()});
  const absl::Status registered =
      AwaitWorkers(cluster_.address, layout_.ca(), layout_.token(), expected, limit);
  if (registered.ok()) return registered;
  return absl::Status(registered.code(),
                      absl::StrCat(registered.message(), "; see ", CoordinatorDaemon().log(), " and ",
                                   WorkerDaemon(ClusterLayout::WorkerName(1)).log()));
}

absl::Status LocalCluster::Stop() {
  SIMCLR_RETURN_IF_ERROR(Lock());
  absl::Status first_error = StopWorkers(AllWorkers());
  for (const TrainerEntry& trainer : FindTrainers(layout_.directory)) {
    first_error.Update(StopGroup(trainer.process, absl::Seconds(5)));
  }
  first_error.Update(StopDaemon(CoordinatorDaemon(), kCoordinatorGrace));
  return first_error;
}

absl::Status LocalCluster::StopWorkers(const std::vector<std::string>& names) const {
  // All at once, so that a gang of several agents drains together.
  for (const std::string& name : names) {
    const absl::StatusOr<ProcessIdentity> worker = FindDaemon(WorkerDaemon(name));
    if (worker.ok()) SignalGroup(*worker, SIGTERM);
  }
  absl::Status first_error;
  for (const std::string& name : names) first_error.Update(StopDaemon(WorkerDaemon(name), kWorkerGrace));
  return first_error;
}

LocalStatus LocalCluster::status() const {
  LocalStatus status;
  status.address = cluster_.address;
  const absl::StatusOr<ProcessIdentity> coordinator = FindDaemon(CoordinatorDaemon());
  if (coordinator.ok()) status.coordinator_pid = coordinator->pid;
  for (const std::string& name : AllWorkers()) {
    const absl::StatusOr<ProcessIdentity> worker = FindDaemon(WorkerDaemon(name));
    status.workers.push_back({name, worker.ok() ? worker->pid : 0, FindTrainers(layout_.worker(name))});
  }
  return status;
}

Daemon LocalCluster::CoordinatorDaemon() const {
  const TlsFiles tls = layout_.Tls("coordinator");
  Daemon daemon{
      layout_.coordinator(),
      {"simclr-coordinator", "--data-dir", layout_.coordinator(), "--listen", cluster_.address, "--http",
       cluster_.http, "--artifacts", layout_.artifacts(), "--tls-ca", tls.ca, "--tls-cert", tls.certificate,
       "--tls-key", tls.key, "--tokens", layout_.tokens(), "--cluster-id", cluster_.cluster_id}};
  for (const std::string& root : cluster_.data_roots)
    daemon.arguments.insert(daemon.arguments.end(), {"--data-root", root});
  return daemon;
}

Daemon LocalCluster::WorkerDaemon(const std::string& name) const {
  const TlsFiles tls = layout_.Tls(name);
  const int threads = cluster_.threads_per_slot > 0 ? cluster_.threads_per_slot : CoresPerSlot(cluster_);
  const std::int64_t memory = std::int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE);
  Daemon daemon{layout_.worker(name),
                {"simclr-worker",
                 "--name",
                 name,
                 "--coordinator",
                 cluster_.address,
                 "--dir",
                 layout_.worker(name),
                 "--artifacts",
                 layout_.artifacts(),
                 "--slots",
                 cluster_.slots,
                 "--threads-per-slot",
                 absl::StrCat(threads),
                 "--address",
                 "127.0.0.1",
                 "--http",
                 kAnyLoopbackPort,
                 "--tls-ca",
                 tls.ca,
                 "--tls-cert",
                 tls.certificate,
                 "--tls-key",
                 tls.key,
                 "--cache-bytes",
                 absl::StrCat(memory / 4 / cluster_.workers)}};
  for (const std::string& root : cluster_.data_roots)
    daemon.arguments.insert(daemon.arguments.end(), {"--data-root", root});
  return daemon;
}

std::vector<std::string> LocalCluster::WorkerNames() const {
  std::vector<std::string> names;
  for (int number = 1; number <= cluster_.workers; ++number)
    names.push_back(ClusterLayout::WorkerName(number));
  return names;
}

std::vector<std::string> LocalCluster::SurplusWorkers() const {
  std::vector<std::string> names;
  for (int number = cluster_.workers + 1; number <= kMaxWorkers; ++number) {
    const std::string name = ClusterLayout::WorkerName(number);
    if (FindDaemon(WorkerDaemon(name)).ok()) names.push_back(name);
  }
  return names;
}

std::vector<std::string> LocalCluster::AllWorkers() const {
  std::vector<std::string> names = WorkerNames();
  const std::vector<std::string> surplus = SurplusWorkers();
  names.insert(names.end(), surplus.begin(), surplus.end());
  return names;
}

}  // namespace simclr::cli
