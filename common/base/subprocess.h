#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace simclr {

struct ProcessOptions {
  std::vector<std::string> arguments;    // the program's path first
  std::vector<std::string> environment;  // NAME=value; the whole environment
  std::string output_file;               // stdout and stderr are appended to it; stdin is /dev/null
  bool own_session = false;              // outlives the terminal; otherwise only a process group of its own
  bool dies_with_thread = false;         // killed when the thread that called Spawn ends
};

// A pid alone may be used again by the kernel; together with the start time (clock ticks since boot) it names
// one process for ever.
struct ProcessIdentity {
  pid_t pid = 0;
  std::uint64_t start_time = 0;

  bool operator==(const ProcessIdentity&) const = default;
};

struct ProcessExit {
  int code = -1;   // -1 where a signal ended it
  int signal = 0;  // 0 where it exited by itself
};

// Starts a program in a process group of its own (the group's id is the pid). Between fork and exec only
// async-signal-safe calls are made, so it may be used in programs with threads. NOT_FOUND, PERMISSION_DENIED
// or INTERNAL name the program; RESOURCE_EXHAUSTED the limit that keeps it from starting. Thread-safe.
absl::StatusOr<ProcessIdentity> Spawn(const ProcessOptions& options);

// The environment of this process as NAME=value.
std::vector<std::string> CurrentEnvironment();

// Collects an ended child without waiting; nullopt while it runs. At most one caller a child.
std::optional<ProcessExit> Reap(pid_t child);

// NOT_FOUND if there is no such process (a zombie counts as none).
absl::StatusOr<ProcessIdentity> IdentifyProcess(pid_t pid);
bool IsAlive(const ProcessIdentity& process);

// Waits until it has ended, at most `limit`; false: it is still there. Nothing polls.
bool AwaitEnd(const ProcessIdentity& process, absl::Duration limit);
// The kernel's name of what a process waits for there ("nfs_wait_bit"); empty where it waits for nothing, is
// gone, or the kernel does not tell. Touches no disk.
std::string WaitChannel(pid_t pid);

// To the whole process group of `process`, if it still is that process.
void SignalGroup(const ProcessIdentity& process, int signal);

// SIGTERM to the group, `grace` for it to end, then SIGKILL; returns when the process is gone. For processes
// that are not children of the caller, or whose parent reaps them.
absl::Status StopGroup(const ProcessIdentity& process, absl::Duration grace);

// A pid file: "PID START_TIME". Reading a missing file gives NOT_FOUND.
absl::Status WritePidFile(const std::string& path, const ProcessIdentity& process);
absl::StatusOr<ProcessIdentity> ReadPidFile(const std::string& path);

}  // namespace simclr
