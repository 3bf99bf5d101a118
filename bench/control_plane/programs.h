#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/control_plane/bench_pki.h"
#include "common/base/subprocess.h"

namespace simclr::bench {

struct CoordinatorSetup {
  std::string programs;   // folder of simclr-coordinator
  std::string directory;  // own: data directory, artifact root, log and endpoint file lie below it
  const BenchPki* pki = nullptr;
  std::vector<std::string> environment;  // NAME=value, beside the caller's
};

// A coordinator that was started as a process of its own; killed with this object, and with the thread that
// started it. Not thread-safe.
class RunningCoordinator {
 public:
  // Returns when /readyz answers 200; DEADLINE_EXCEEDED after a minute, with the end of its log.
  static absl::StatusOr<std::unique_ptr<RunningCoordinator>> Start(const CoordinatorSetup& setup);
  ~RunningCoordinator();

  absl::Duration start_time() const { return start_time_; }  // from its start to ready
  const std::string& address() const { return address_; }    // of gRPC
  int http_port() const { return http_port_; }
  pid_t pid() const { return process_.pid; }
  bool Alive() const { return IsAlive(process_); }

  // SIGTERM; how long it took until the process was gone.
  absl::StatusOr<absl::Duration> Stop();
  void Kill();

 private:
  explicit RunningCoordinator(std::string directory) : directory_(std::move(directory)) {}
  absl::Status AwaitReady();
  bool ReadEndpoints();

  const std::string directory_;
  ProcessIdentity process_;
  absl::Duration start_time_;
  std::string address_;
  int http_port_ = 0;
};

// Where a coordinator's data directory lies in its setup's directory.
std::string DataDirectoryOf(const CoordinatorSetup& setup);

struct CommandResult {
  int exit_code = -1;
  std::string output;
  absl::Duration first_output;  // from the start; the whole time where nothing was printed
  absl::Duration took;
};

// Runs simclrctl with these arguments as the operator of that coordinator. DEADLINE_EXCEEDED after a minute.
absl::StatusOr<CommandResult> RunCtl(const CoordinatorSetup& setup, const RunningCoordinator& coordinator,
                                     const std::vector<std::string>& arguments);

}  // namespace simclr::bench
