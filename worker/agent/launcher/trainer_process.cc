#include "worker/agent/launcher/trainer_process.h"

#include <signal.h>

#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"

namespace simclr::agent {
namespace {

// For a killed process to go, at the end of the agent.
constexpr absl::Duration kLetGoLimit = absl::Seconds(5);

class TrainerProcess : public TrainerHandle {
 public:
  explicit TrainerProcess(const ProcessIdentity& process) : process_(process) {}

  ~TrainerProcess() override {
    if (Poll().has_value()) return;
    Signal(SIGKILL);
    AwaitEnd(process_, kLetGoLimit);
    Poll();
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

  std::string WaitChannel() const override { return simclr::WaitChannel(process_.pid); }

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

}  // namespace

absl::StatusOr<std::unique_ptr<TrainerHandle>> TrainerProcessLauncher::Launch(const LaunchRequest& request) {
  FileSystem& files = PosixFileSystem();
  SIMCLR_RETURN_IF_ERROR(files.MakeDirectories(request.directory));
  SIMCLR_RETURN_IF_ERROR(
      files.Write(JoinPath(request.directory, kRankName), RankFileText(request.key, request.slot.index())));
  SIMCLR_ASSIGN_OR_RETURN(const ProcessIdentity process, Spawn(MakeProcessOptions(options_, request)));
  auto trainer = std::make_unique<TrainerProcess>(process);
  SIMCLR_RETURN_IF_ERROR(WritePidFile(JoinPath(request.directory, kPidName), process));
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

}  // namespace simclr::agent
