#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/control_plane/report.h"
#include "bench/control_plane/samples.h"

namespace simclr::bench {

// Cores, load, memory, and the file system that `directory` lies on.
Report::Facts MachineFacts(const std::string& directory);

// Of the last minute.
double LoadAverage();

// How long this disk takes for what a journal does: append 4 KiB, fsync; `count` times.
absl::StatusOr<Samples> ProbeFsync(const std::string& directory, int count);

// What a process has used since its start, and its memory now. NOT_FOUND where it does not run.
struct ProcessUsage {
  absl::Duration processor;        // user and system time
  std::int64_t written_bytes = 0;  // that reached, or will reach, the disk
  std::int64_t resident_bytes = 0;
  std::int64_t proportional_bytes = 0;  // resident, with shared pages divided among their users
};
absl::StatusOr<ProcessUsage> UsageOf(pid_t pid);

}  // namespace simclr::bench
