#include "worker/agent/trainer_process.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include <optional>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/base/thread_annotations.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/base/file_system.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "worker/agent/rank_log.h"

namespace simclr::agent {
namespace {

class TrainerProcess : public TrainerHandle {
 public:
  explicit TrainerProcess(const ProcessIdentity& process) : process_(process) {}

  ~TrainerProcess() override {
    if (Poll().has_value()) return;
    Signal(SIGKILL);
    ::waitpid(process_.pid, nullptr, 0);
  }

  pid_t pid() const override { return process_.pid; }

  void Signal(int signal) override {
    absl::MutexLock lock(&mutex_);
    // Not reaped yet, so the kernel cannot have given the pid to another process.
    if (!exit_.has_value()) ::kill(-process_.pid, signal);
  }

  std::optional<ProcessExit> Poll() override {
    absl::MutexLock lock(&mutex_);
    if (!exit_.has_value()) exit_ = Reap(process_.pid);
    return exit_;
  }

 private:
  const ProcessIdentity process_;
  absl::Mutex mutex_;
  std::optional<ProcessExit> exit_ ABSL_GUARDED_BY(mutex_);
};

ProcessOptions MakeProcessOptions(const TrainerProcessOptions& options, const LaunchRequest& request) {
  ProcessOptions process;
  process.arguments = {options.program,
                       "--agent",
                       options.socket,
                       "--job",
                       request.key.job_id,
                       "--attempt",
                       absl::StrCat(request.key.attempt),
                       "--rank",
                       absl::StrCat(request.key.rank),
                       "--dir",
                       request.directory};
  if (!request.key.nonce.empty())
    process.arguments.insert(process.arguments.end(), {"--nonce", request.key.nonce});
  process.environment = TrainerEnvironment(options.environment, request.slot, request.threads);
  process.output_file = JoinPath(request.directory, kLogName);
  process.dies_with_thread = true;
  return process;
}

bool IsNumbered(absl::string_view word, char letter) {
  return word.size() > 1 && word[0] == letter && absl::c_all_of(word.substr(1), absl::ascii_isdigit);
}

// "a1-1f2e3d4c-r0", or without the nonce.
bool IsAttemptAndRank(absl::string_view text) {
  const std::vector<absl::string_view> words = absl::StrSplit(text, '-');
  if (words.size() < 2 || words.size() > 3) return false;
  const bool has_nonce = words.size() == 3;
  if (has_nonce && (words[1].empty() || !absl::c_all_of(words[1], absl::ascii_isxdigit))) return false;
  return IsNumbered(words.front(), 'a') && IsNumbered(words.back(), 'r');
}

// "JOB-a1-1f2e3d4c-r0", or without the nonce, in its two parts. Job ids hold no such ending.
std::optional<std::pair<std::string, std::string>> SplitDirectoryName(const std::string& name) {
  for (std::size_t at = name.find("-a"); at != std::string::npos; at = name.find("-a", at + 1)) {
    const std::string ending = name.substr(at + 1);
    if (at > 0 && IsAttemptAndRank(ending)) return std::pair(name.substr(0, at), ending);
  }
  return std::nullopt;
}

// The only log of a trainer whose agent died.
void KeepLog(const std::string& rank_directory, const std::string& name, const std::string& artifact_root,
             std::int64_t max_log_bytes) {
  const auto parts = SplitDirectoryName(name);
  RankLog log(JoinPath(rank_directory, kLogName), max_log_bytes);
  if (!parts.has_value() || !PosixFileSystem().Exists(log.path())) return;
  const std::string target =
      JoinPath(artifact_root, absl::StrCat(parts->first, "/logs/", parts->second, ".log"));
  if (PosixFileSystem().Exists(target)) return;
  log.FindHole();
  if (const absl::Status copied = log.CopyTo(target); !copied.ok()) {
    LogWarning("log is not kept", {{"dir", rank_directory}, {"cause", copied.ToString()}});
  }
}

}  // namespace

TrainerProcessLauncher::TrainerProcessLauncher(TrainerProcessOptions options)
    : options_(std::move(options)), spawns_(/*capacity=*/64), spawner_([this] {
        ::pthread_setname_np(::pthread_self(), "spawner");
        while (std::optional<std::function<void()>> spawn = spawns_.Pop()) (*spawn)();
      }) {}

TrainerProcessLauncher::~TrainerProcessLauncher() {
  spawns_.Close();
}

absl::StatusOr<std::unique_ptr<TrainerHandle>> TrainerProcessLauncher::Launch(const LaunchRequest& request) {
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().MakeDirectories(request.directory));
  absl::StatusOr<ProcessIdentity> process = absl::UnavailableError("the agent is shutting down");
  absl::Notification done;
  const ProcessOptions options = MakeProcessOptions(options_, request);
  const bool queued = spawns_.Push([&] {
    process = Spawn(options);
    done.Notify();
  });
  if (queued) done.WaitForNotification();
  if (!process.ok()) return process.status();
  auto trainer = std::make_unique<TrainerProcess>(*process);
  SIMCLR_RETURN_IF_ERROR(WritePidFile(JoinPath(request.directory, kPidName), *process));
  return trainer;
}

std::vector<std::string> TrainerEnvironment(const std::vector<std::string>& base, const v1::Slot& slot,
                                            int threads) {
  std::vector<std::string> environment;
  for (const std::string& variable : base) {
    const bool decided_by_slot = absl::StartsWith(variable, "CUDA_VISIBLE_DEVICES=") ||
                                 absl::StartsWith(variable, "OMP_NUM_THREADS=") ||
                                 absl::StartsWith(variable, "MKL_NUM_THREADS=");
    if (!decided_by_slot) environment.push_back(variable);
  }
  // By uuid: an index would change its meaning where the agent itself sees only some of the GPUs.
  environment.push_back(
      absl::StrCat("CUDA_VISIBLE_DEVICES=", slot.device() == v1::DEVICE_CUDA ? slot.uuid() : ""));
  environment.push_back(absl::StrCat("OMP_NUM_THREADS=", threads));
  environment.push_back(absl::StrCat("MKL_NUM_THREADS=", threads));
  return environment;
}

absl::Status RemoveLeftovers(const std::string& directory, const std::string& artifact_root,
                             std::int64_t max_log_bytes) {
  FileSystem& files = PosixFileSystem();
  if (!files.Exists(directory)) return absl::OkStatus();
  SIMCLR_ASSIGN_OR_RETURN(const std::vector<std::string> ranks, files.List(directory));
  for (const std::string& rank : ranks) {
    const std::string path = JoinPath(directory, rank);
    const absl::StatusOr<ProcessIdentity> process = ReadPidFile(JoinPath(path, kPidName));
    if (process.ok() && IsAlive(*process)) {
      LogWarning("killing a trainer that an earlier agent left",
                 {{"pid", absl::StrCat(process->pid)}, {"dir", path}});
      SIMCLR_RETURN_IF_ERROR(StopGroup(*process, absl::ZeroDuration()));
    }
    KeepLog(path, rank, artifact_root, max_log_bytes);
    SIMCLR_RETURN_IF_ERROR(files.RemoveAll(path));
  }
  return absl::OkStatus();
}

}  // namespace simclr::agent
