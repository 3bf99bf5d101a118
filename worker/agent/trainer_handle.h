#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/subprocess.h"
#include "simclr/v1/cluster_service.pb.h"
#include "simclr/v1/trainer_service.pb.h"
#include "worker/agent/rank_key.h"

namespace simclr::agent {

inline constexpr char kLogName[] = "log";  // stdout and stderr
inline constexpr char kPidName[] = "pid";

struct LaunchRequest {
  RankKey key;
  v1::Slot slot;
  int threads = 1;
  std::string
      directory;  // of this rank alone, made if missing: kLogName, kPidName and what the trainer puts there
};

// One running trainer process. It is the only abort that is relied upon, so it does not ask the trainer for
// anything: orders travel through TrainerLink. Thread-safe.
class TrainerHandle {
 public:
  // A trainer that still runs is killed.
  virtual ~TrainerHandle() = default;

  virtual pid_t pid() const = 0;
  // To the whole process group; nothing happens once it has ended.
  virtual void Signal(int signal) = 0;
  // How it ended; nullopt while it runs. The same answer each time.
  virtual std::optional<ProcessExit> Poll() = 0;
};

// Starts trainers. Thread-safe.
class TrainerLauncher {
 public:
  virtual ~TrainerLauncher() = default;

  // Errors name the program, the log or the directory that is at fault.
  virtual absl::StatusOr<std::unique_ptr<TrainerHandle>> Launch(const LaunchRequest& request) = 0;
};

// The agent's side of the streams to its trainers. Orders to a trainer that is not attached are dropped: the
// agent sends them when it says hello.
class TrainerLink {
 public:
  virtual ~TrainerLink() = default;

  virtual void Send(const RankKey& key, const v1::TrainerOrder& order) = 0;
};

}  // namespace simclr::agent
