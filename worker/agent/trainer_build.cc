#include "worker/agent/trainer_build.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/base/subprocess.h"
#include "common/base/text.h"

namespace simclr::agent {
namespace {

constexpr std::size_t kMaxBuildText = 256;  // KIND_VERSION of bounds.proto

}  // namespace

absl::StatusOr<std::string> AskBuild(const std::string& program, const std::string& scratch,
                                     absl::Duration limit) {
  FileSystem& files = PosixFileSystem();
  files.RemoveAll(scratch).IgnoreError();
  ProcessOptions options;
  options.arguments = {program, "--build"};
  options.environment = CurrentEnvironment();
  options.output_file = scratch;
  options.dies_with_thread = true;
  SIMCLR_ASSIGN_OR_RETURN(const ProcessIdentity process, Spawn(options));
  const bool ended = AwaitEnd(process, limit);
  if (!ended) StopGroup(process, absl::ZeroDuration()).IgnoreError();
  Reap(process.pid);
  if (!ended) {
    return absl::DeadlineExceededError(
        absl::StrCat(program, " --build gave no answer within ", absl::FormatDuration(limit)));
  }
  SIMCLR_ASSIGN_OR_RETURN(const std::string output, files.Read(scratch));
  for (const absl::string_view line : absl::StrSplit(output, '\n')) {
    if (absl::StartsWith(line, "simclr ")) return Printable(line, kMaxBuildText);
  }
  return absl::InternalError(absl::StrCat(program, " --build did not say what it is"));
}

TrainerBuild::TrainerBuild(std::string program, std::string scratch, const Options& options)
    : program_(std::move(program)),
      scratch_(std::move(scratch)),
      options_(options),
      task_("build", options.look, [this] { Look(); }) {}

std::string TrainerBuild::current() const {
  absl::MutexLock lock(&mutex_);
  return current_;
}

bool TrainerBuild::asked() const {
  absl::MutexLock lock(&mutex_);
  return asked_;
}

TrainerBuild::FileVersion TrainerBuild::VersionOf(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {};
  const std::int64_t changed = std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
  return {info.st_dev, info.st_ino, info.st_size, changed};
}

void TrainerBuild::Look() {
  const FileVersion version = VersionOf(program_);
  const bool unknown = current().empty() && RealClock().Monotonic() - asked_at_ > options_.again;
  if (seen_ == version && !unknown) return;
  seen_ = version;
  Ask();
}

void TrainerBuild::Ask() {
  asked_at_ = RealClock().Monotonic();
  const absl::StatusOr<std::string> build = AskBuild(program_, scratch_, options_.limit);
  if (build.ok()) LogInfo("build of the trainers", {{"build", *build}});
  if (!build.ok())
    LogWarning("the build of the trainers is not known", {{"cause", build.status().ToString()}});
  absl::MutexLock lock(&mutex_);
  current_ = build.value_or("");
  asked_ = true;
}

}  // namespace simclr::agent
