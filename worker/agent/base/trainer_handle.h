#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_join.h"
#include "common/base/subprocess.h"
#include "simclr/v1/cluster_service.pb.h"
#include "simclr/v1/trainer_service.pb.h"
#include "worker/agent/base/rank_key.h"

namespace simclr::agent {

// Files in the directory of a rank.
inline constexpr char kLogName[] = "log";  // stdout and stderr
inline constexpr char kPidName[] = "pid";
inline constexpr char kRankName[] = "rank";  // which it is: see RankFileText

struct LaunchRequest {
  RankKey key;
  v1::Slot slot;
  int threads = 1;
  std::string directory;  // of this rank alone, made if missing; the trainer puts files there, too
};

// "JOB ATTEMPT RANK NONCE SLOT".
inline std::string RankFileText(const RankKey& key, int slot) {
  return absl::StrJoin(std::tuple(key.job_id, key.attempt, key.rank, key.nonce, slot), " ") + "\n";
}

// One running trainer process. It is the only abort that is relied upon, so it does not ask the trainer for
// anything: orders travel through TrainerLink. Thread-safe.
class TrainerHandle {
 public:
  // A trainer that still runs is killed; one that the kernel does not let go is left behind after a while.
  virtual ~TrainerHandle() = default;

  virtual pid_t pid() const = 0;
  // To the whole process group; nothing happens once it has ended.
  virtual void Signal(int signal) = 0;
  // How it ended; nullopt while it runs. The same answer each time.
  virtual std::optional<ProcessExit> Poll() = 0;
  // As of common/base/subprocess.h.
  virtual std::string WaitChannel() const = 0;
};

// Starts trainers. They die with the thread that calls Launch. For one thread.
class TrainerLauncher {
 public:
  virtual ~TrainerLauncher() = default;

  // May wait for the disk that the program lies on. Errors name the program, the log or the directory that is
  // at fault.
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
