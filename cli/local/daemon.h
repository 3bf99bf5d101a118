#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/subprocess.h"

namespace simclr::cli {

// A process of a local cluster that outlives simclrctl: with its own session, `log` and `pid` in its
// directory, and an endpoint file that it writes once it serves.
struct Daemon {
  std::string directory;
  std::vector<std::string> arguments;  // the program first; --endpoint-file is added

  std::string log() const;
  std::string pid_file() const;
  std::string endpoint_file() const;
};

// The process, if it is alive; NOT_FOUND otherwise.
absl::StatusOr<ProcessIdentity> FindDaemon(const Daemon& daemon);

// Starts it and waits until it serves. UNAVAILABLE with the last lines of its log where it ends before,
// DEADLINE_EXCEEDED where it takes longer than `limit` (it is stopped then).
absl::Status StartDaemon(const Daemon& daemon, absl::Duration limit);

// SIGTERM, then SIGKILL after `grace`; one that does not run is fine.
absl::Status StopDaemon(const Daemon& daemon, absl::Duration grace);

}  // namespace simclr::cli
