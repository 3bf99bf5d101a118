#include "common/base/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"
#include "common/base/used_up.h"

namespace simclr {
namespace {

// Everything that the child needs, made before fork: after it no memory may be allocated.
struct ChildPlan {
  std::vector<char*> arguments;
  std::vector<char*> environment;
  int output = -1;
  int input = -1;
  int error_pipe = -1;
  pid_t parent = 0;
  bool own_session = false;
  bool dies_with_parent = false;
};

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Only async-signal-safe calls.
[[noreturn]] void RunChild(const ChildPlan& plan) {
  if (plan.own_session) {
    ::setsid();
  } else {
    ::setpgid(0, 0);
  }
  if (plan.dies_with_parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have ended before the line above.
    if (::getppid() != plan.parent) ::_exit(127);
  }
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(plan.input, STDIN_FILENO);
  ::dup2(plan.output, STDOUT_FILENO);
  ::dup2(plan.output, STDERR_FILENO);
  ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  ::execve(plan.arguments[0], plan.arguments.data(), plan.environment.data());
  const int error = errno;
  [[maybe_unused]] const ssize_t told = ::write(plan.error_pipe, &error, sizeof error);
  ::_exit(127);
}

class OwnedFd {
 public:
  explicit OwnedFd(int fd) : fd_(fd) {}
  ~OwnedFd() { Close(); }
  OwnedFd(const OwnedFd&) = delete;
  OwnedFd& operator=(const OwnedFd&) = delete;

  int get() const { return fd_; }
  void Close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

absl::Status CannotStart(const std::string& program, int error) {
  const std::string used_up = UsedUp(error);
  const std::string text =
      absl::StrCat("cannot start ", program, ": ", used_up.empty() ? std::strerror(error) : used_up);
  if (!used_up.empty()) return absl::ResourceExhaustedError(text);
  if (error == ENOENT) return absl::NotFoundError(text);
  if (error == EACCES) return absl::PermissionDeniedError(text);
  return absl::InternalError(text);
}

// Field 22 of /proc/PID/stat; the program's name (field 2) may hold blanks and brackets. Field 3 is the
// state.
absl::StatusOr<ProcessIdentity> ParseStat(pid_t pid, const std::string& stat) {
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return absl::NotFoundError(absl::StrCat("no process ", pid));
  const std::vector<std::string> fields = absl::StrSplit(stat.substr(name_end + 1), ' ', absl::SkipEmpty());
  ProcessIdentity identity{pid, 0};
  if (fields.size() < 20 || fields[0] == "Z" || fields[0] == "X" ||
      !absl::SimpleAtoi(fields[19], &identity.start_time)) {
    return absl::NotFoundError(absl::StrCat("no process ", pid));
  }
  return identity;
}

}  // namespace

absl::StatusOr<ProcessIdentity> Spawn(const ProcessOptions& options) {
  const std::string& program = options.arguments.at(0);
  const OwnedFd output(::open(options.output_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (output.get() < 0 && !UsedUp(errno).empty()) return CannotStart(program, errno);
  if (output.get() < 0) {
    return absl::InternalError(absl::StrCat("cannot open the log ", options.output_file, " of ", program,
                                            ": ", std::strerror(errno)));
  }
  const OwnedFd input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return CannotStart(program, errno);
  const OwnedFd error_reader(ends[0]);
  OwnedFd error_writer(ends[1]);

  const ChildPlan plan{Pointers(options.arguments),
                       Pointers(options.environment),
                       output.get(),
                       input.get(),
                       error_writer.get(),
                       ::getpid(),
                       options.own_session,
                       options.dies_with_thread};
  const pid_t pid = ::fork();
  if (pid < 0) return CannotStart(program, errno);
  if (pid == 0) RunChild(plan);

  error_writer.Close();
  int error = 0;
  // End of file means that exec closed the pipe: the program runs.
  if (::read(error_reader.get(), &error, sizeof error) == static_cast<ssize_t>(sizeof error)) {
    ::waitpid(pid, nullptr, 0);
    return CannotStart(program, error);
  }
  absl::StatusOr<ProcessIdentity> identity = IdentifyProcess(pid);
  return identity.ok() ? *identity : ProcessIdentity{pid, 0};  // it may have ended already
}

std::vector<std::string> CurrentEnvironment() {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) variables.emplace_back(*entry);
  return variables;
}

std::optional<ProcessExit> Reap(pid_t child) {
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0)
    return std::nullopt;
  if (info.si_code == CLD_EXITED) return ProcessExit{info.si_status, 0};
  return ProcessExit{-1, info.si_status};
}

absl::StatusOr<ProcessIdentity> IdentifyProcess(pid_t pid) {
  const absl::StatusOr<std::string> stat = PosixFileSystem().Read(absl::StrCat("/proc/", pid, "/stat"));
  if (!stat.ok()) return absl::NotFoundError(absl::StrCat("no process ", pid));
  return ParseStat(pid, *stat);
}

bool IsAlive(const ProcessIdentity& process) {
  const absl::StatusOr<ProcessIdentity> now = IdentifyProcess(process.pid);
  return now.ok() && *now == process;
}

bool AwaitEnd(const ProcessIdentity& process, absl::Duration limit) {
  const OwnedFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  if (pidfd.get() < 0 || !IsAlive(process)) return !IsAlive(process);
  const absl::Duration deadline = RealClock().Monotonic() + limit;
  while (true) {
    const absl::Duration left = deadline - RealClock().Monotonic();
    pollfd ended{pidfd.get(), POLLIN, 0};
    const int ready =
        ::poll(&ended, 1, static_cast<int>(absl::ToInt64Milliseconds(std::max(left, absl::ZeroDuration()))));
    if (ready > 0) return true;
    if (ready == 0) return false;
  }
}

std::string WaitChannel(pid_t pid) {
  const std::string channel = PosixFileSystem().Read(absl::StrCat("/proc/", pid, "/wchan")).value_or("");
  return channel == "0" ? "" : channel;
}

void SignalGroup(const ProcessIdentity& process, int signal) {
  if (process.pid > 1 && IsAlive(process)) ::kill(-process.pid, signal);
}

absl::Status StopGroup(const ProcessIdentity& process, absl::Duration grace) {
  SignalGroup(process, SIGTERM);
  if (AwaitEnd(process, grace)) return absl::OkStatus();
  SignalGroup(process, SIGKILL);
  if (AwaitEnd(process, absl::Seconds(10))) return absl::OkStatus();
  return absl::DeadlineExceededError(
      absl::StrCat("process ", process.pid, " is still there 10 s after SIGKILL"));
}

absl::Status WritePidFile(const std::string& path, const ProcessIdentity& process) {
  return WriteAtomically(PosixFileSystem(), path, absl::StrCat(process.pid, " ", process.start_time, "\n"));
}

absl::StatusOr<ProcessIdentity> ReadPidFile(const std::string& path) {
  SIMCLR_ASSIGN_OR_RETURN(const std::string text, PosixFileSystem().Read(path));
  const std::vector<std::string> fields = absl::StrSplit(absl::StripAsciiWhitespace(text), ' ');
  ProcessIdentity identity;
  if (fields.size() != 2 || !absl::SimpleAtoi(fields[0], &identity.pid) ||
      !absl::SimpleAtoi(fields[1], &identity.start_time)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is no pid file (\"PID START_TIME\")"));
  }
  return identity;
}

}  // namespace simclr
