#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cli/local/cluster_file.h"
#include "cli/local/cluster_layout.h"
#include "cli/local/daemon.h"
#include "cli/local/trainer_table.h"
#include "common/base/file_lock.h"

namespace simclr::cli {

struct LocalOptions {
  std::string directory;
  int workers = 0;    // 0: as before, else 1
  std::string slots;  // of each worker; empty: as before, else auto
  int threads_per_slot = 0;
  std::vector<std::string> data_roots;       // empty: as before, else /
  std::string trainer;                       // program; empty: as before, else the one beside simclrctl
  absl::Duration limit = absl::Seconds(60);  // for each process to serve, and for all workers to register
};

struct LocalStatus {
  struct WorkerProcess {
    std::string name;
    pid_t pid = 0;  // 0: does not run
    std::vector<TrainerEntry> trainers;
  };
  pid_t coordinator_pid = 0;
  std::string address;
  std::vector<WorkerProcess> workers;
};

// A coordinator and its workers as processes of this machine, all of it in one directory. Start, Stop and
// status may be called again and again. Not thread-safe; a lock in the directory keeps other processes out
// meanwhile.
class LocalCluster {
 public:
  // A cluster that is there, or a new one. ABORTED for a path that holds another cluster's
  // database or is being changed by another simclrctl; the error of a path that cannot be used;
  // INVALID_ARGUMENT names a bad option.
  static absl::StatusOr<std::unique_ptr<LocalCluster>> Open(const LocalOptions& options);
  // Only one that is there: NOT_FOUND otherwise.
  static absl::StatusOr<std::unique_ptr<LocalCluster>> Find(const std::string& directory);

  // Starts what is missing, ends the workers that are too many, and returns when every worker is registered.
  // A coordinator whose port was taken meanwhile comes back at another one, and its agents with it.
  absl::Status Start(absl::Duration limit);
  // Ends the workers, what they left behind, and the coordinator.
  absl::Status Stop();

  LocalStatus status() const;
  const ClusterLayout& layout() const { return layout_; }
  const ClusterFile& cluster() const { return cluster_; }
  // The address that Start had to leave because its port was taken; else empty.
  const std::string& left_address() const { return left_address_; }

 private:
  explicit LocalCluster(ClusterLayout layout) : layout_(std::move(layout)) {}

  absl::Status Lock();
  absl::Status Configure(const LocalOptions& options);
  absl::Status StartCoordinator(absl::Duration limit);
  void LeaveTakenPorts();
  absl::Status StartWorkers(absl::Duration limit);
  absl::Status StopWorkers(const std::vector<std::string>& names) const;
  absl::Status AwaitRegistration(absl::Duration limit) const;
  Daemon CoordinatorDaemon() const;
  Daemon WorkerDaemon(const std::string& name) const;
  std::vector<std::string> WorkerNames() const;     // that the cluster file asks for
  std::vector<std::string> SurplusWorkers() const;  // that run beside them: the cluster was larger once
  std::vector<std::string> AllWorkers() const;

  const ClusterLayout layout_;
  ClusterFile cluster_;
  std::string left_address_;
  std::optional<FileLock> lock_;
};

}  // namespace simclr::cli
