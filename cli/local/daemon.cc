#include "cli/local/daemon.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"

namespace simclr::cli {
namespace {

constexpr std::size_t kLogLines = 15;

std::string LastLines(const std::string& path) {
  const std::string text = PosixFileSystem().Read(path).value_or("");
  std::vector<std::string> lines = absl::StrSplit(text, '\n', absl::SkipEmpty());
  if (lines.size() > kLogLines) lines.erase(lines.begin(), lines.end() - kLogLines);
  return absl::StrJoin(lines, "\n");
}

absl::Status AtItsStart(const Daemon& daemon, absl::StatusCode code, absl::string_view what) {
  return absl::Status(code, absl::StrCat(daemon.arguments[0], " ", what, "; last lines of ", daemon.log(),
                                         ":\n", LastLines(daemon.log())));
}

enum class Start { kServes, kEnded, kTooSlow };

// Sleeps until the directory changes or the process ends, rather than asking again and again.
Start AwaitEndpoint(const Daemon& daemon, const ProcessIdentity& process, absl::Duration limit) {
  pollfd watched[2] = {{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK), POLLIN, 0},
                       {static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)), POLLIN, 0}};
  ::inotify_add_watch(watched[0].fd, daemon.directory.c_str(), IN_MOVED_TO | IN_CLOSE_WRITE);
  const absl::Duration deadline = RealClock().Monotonic() + limit;
  Start result = Start::kTooSlow;
  while (true) {
    if (PosixFileSystem().Exists(daemon.endpoint_file())) result = Start::kServes;
    if (watched[1].fd < 0 || (watched[1].revents & POLLIN) != 0) result = Start::kEnded;
    const absl::Duration left = deadline - RealClock().Monotonic();
    if (result != Start::kTooSlow || left <= absl::ZeroDuration()) break;
    ::poll(watched, 2, static_cast<int>(absl::ToInt64Milliseconds(left)) + 1);
    char events[4096];
    while (::read(watched[0].fd, events, sizeof events) > 0) {
    }
  }
  for (const pollfd& entry : watched) {
    if (entry.fd >= 0) ::close(entry.fd);
  }
  return result;
}

}  // namespace

std::string Daemon::log() const {
  return JoinPath(directory, "log");
}
std::string Daemon::pid_file() const {
  return JoinPath(directory, "pid");
}
std::string Daemon::endpoint_file() const {
  return JoinPath(directory, "endpoint.json");
}

absl::StatusOr<ProcessIdentity> FindDaemon(const Daemon& daemon) {
  SIMCLR_ASSIGN_OR_RETURN(const ProcessIdentity process, ReadPidFile(daemon.pid_file()));
  if (!IsAlive(process)) return absl::NotFoundError(absl::StrCat("process ", process.pid, " is gone"));
  return process;
}

absl::Status StartDaemon(const Daemon& daemon, absl::Duration limit) {
  FileSystem& files = PosixFileSystem();
  SIMCLR_RETURN_IF_ERROR(files.MakeDirectories(daemon.directory));
  SIMCLR_RETURN_IF_ERROR(files.RemoveAll(daemon.endpoint_file()));
  ProcessOptions options;
  options.arguments = daemon.arguments;
  options.arguments.insert(options.arguments.end(), {"--endpoint-file", daemon.endpoint_file()});
  options.environment = CurrentEnvironment();
  options.output_file = daemon.log();
  options.own_session = true;
  SIMCLR_ASSIGN_OR_RETURN(const ProcessIdentity process, Spawn(options));
  SIMCLR_RETURN_IF_ERROR(WritePidFile(daemon.pid_file(), process));
  switch (AwaitEndpoint(daemon, process, limit)) {
    case Start::kServes:
      return absl::OkStatus();
    case Start::kEnded:
      return AtItsStart(daemon, absl::StatusCode::kUnavailable, "ended at its start");
    case Start::kTooSlow:
      break;
  }
  StopGroup(process, absl::Seconds(1)).IgnoreError();
  return AtItsStart(daemon, absl::StatusCode::kDeadlineExceeded,
                    absl::StrCat("does not serve after ", absl::FormatDuration(limit)));
}

absl::Status StopDaemon(const Daemon& daemon, absl::Duration grace) {
  const absl::StatusOr<ProcessIdentity> process = FindDaemon(daemon);
  if (process.ok()) SIMCLR_RETURN_IF_ERROR(StopGroup(*process, grace));
  return PosixFileSystem().RemoveAll(daemon.pid_file());
}

}  // namespace simclr::cli
