#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/file_system.h"

namespace simclr::coordinator {

// The state as of a revision, and which history it belongs to.
struct Snapshot {
  std::int64_t revision = 0;
  std::string
      event_digest;   // SHA-256 of the event of that revision as the journal holds it; "-": there is none
  std::string bytes;  // a v1::StateSnapshot
};

// A snapshot as a file: one line "simclr-snapshot 1 REVISION EVENT-DIGEST BYTES SHA-256", then the bytes. The
// SHA-256 is over what comes before it in the line and the bytes. Pure.
std::string FormatSnapshot(const Snapshot& snapshot);
// DATA_LOSS: it is not what FormatSnapshot wrote.
absl::StatusOr<Snapshot> ParseSnapshot(absl::string_view file);

// The files REVISION.snapshot of a directory. Not thread-safe.
class SnapshotFiles {
 public:
  SnapshotFiles(FileSystem& files, std::string directory) : files_(files), directory_(std::move(directory)) {}

  // Writes it atomically; the newest older one that verifies stays, all others go. Returns that one's
  // revision; 0: none.
  absl::StatusOr<std::int64_t> Write(const Snapshot& snapshot);
  absl::StatusOr<Snapshot> Read(std::int64_t revision) const;  // DATA_LOSS: it is damaged
  std::vector<std::int64_t> Revisions() const;                 // newest first; no directory: none
  // Keeps a file from being read ever again.
  absl::Status PutAside(std::int64_t revision);

 private:
  std::string PathOf(std::int64_t revision) const;

  FileSystem& files_;
  const std::string directory_;
};

}  // namespace simclr::coordinator
