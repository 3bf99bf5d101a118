#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// The log file into which a trainer writes by itself. Rotation keeps the offsets: when what is kept of the
// file grows over the limit, the older half is handed back to the disk as a hole, so that readers that follow
// by offset are not disturbed. Where the hole ends, the log as it is kept begins. Thread-safe.
namespace simclr::agent {

// The piece of a log that is kept: [base, end).
struct LogRange {
  std::int64_t base = 0;
  std::int64_t end = 0;
};

absl::StatusOr<LogRange> RangeOfLog(const std::string& path);
// Shortens a log of which more than `max_bytes` are kept.
absl::Status RotateLog(const std::string& path, std::int64_t max_bytes);
// The last lines, at most `max_bytes` of them.
absl::StatusOr<std::string> TailOfLog(const std::string& path, std::int64_t max_bytes);
// At most `max_bytes` from `offset` on; empty at the end of the file.
absl::StatusOr<std::string> ReadAt(const std::string& path, std::int64_t offset, std::int64_t max_bytes);

}  // namespace simclr::agent
