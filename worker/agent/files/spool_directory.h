#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/file_system.h"

namespace simclr::agent {

enum class SpoolKind { kCommit, kExit, kMetrics, kArchived };

struct SpoolItem {
  std::uint64_t sequence = 0;
  SpoolKind kind = SpoolKind::kExit;
  std::string bytes;  // the serialised request
};

// What an earlier agent left, by sequence.
struct SpoolContents {
  std::vector<SpoolItem> items;
  std::uint64_t last_sequence = 0;           // ever given, as far as the directory tells
  std::size_t quarantined = 0;               // items that were put aside
  std::vector<SpoolItem> lost_commits = {};  // those of them that are commits
};

// What must reach the coordinator across its absence and the agent's own restart: one file an item, named by
// sequence and kind. What nobody can deliver lies in `quarantine/`, as NAME beside NAME.reason. Blocks on the
// disk. Not thread-safe.
class SpoolDirectory {
 public:
  // `files` outlives it.
  SpoolDirectory(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  // Makes the directory where it is missing. An item whose file cannot be read is put aside.
  absl::StatusOr<SpoolContents> Load();
  absl::Status Write(const SpoolItem& item);
  absl::Status Remove(std::uint64_t sequence, SpoolKind kind);  // a missing one is fine
  absl::Status PutAside(const SpoolItem& item, absl::string_view reason);

  std::string quarantine() const;

 private:
  std::string PathOf(std::uint64_t sequence, SpoolKind kind) const;
  void PutAsideUnread(const std::string& name, absl::string_view reason);

  FileSystem& files_;
  const std::string path_;
};

}  // namespace simclr::agent
