#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "common/base/file_system.h"

namespace simclr::agent {

enum class SpoolKind { kCommit, kExit, kMetrics };

inline constexpr std::size_t kMaxSpooledMetrics = 4096;  // items

struct SpoolItem {
  std::uint64_t sequence = 0;
  SpoolKind kind = SpoolKind::kExit;
  std::string bytes;  // the serialised request
};

// What must reach the coordinator, in order, across its absence and the agent's own restart: one file an
// item, named by sequence and kind. An item that cannot be written (disk full) is kept in memory. Commits and
// exits are few and never dropped: one that cannot be read is put aside in `quarantine/`. Of metrics only the
// newest `max_metrics` items are kept. Thread-safe.
class Spool {
 public:
  static absl::StatusOr<std::unique_ptr<Spool>> Open(FileSystem& files, std::string directory,
                                                     std::size_t max_metrics = kMaxSpooledMetrics);

  void Add(SpoolKind kind, std::string bytes);
  // The oldest item, waiting for one; nullopt once closed. It stays until Remove.
  std::optional<SpoolItem> Head();
  void Remove(std::uint64_t sequence);
  // Takes an item out that cannot be read, and keeps its file as `quarantine/NAME` beside
  // `quarantine/NAME.reason`.
  void Quarantine(std::uint64_t sequence, absl::string_view reason);
  void Close();

  std::size_t size() const;
  // False if items with a sequence up to `last` are still there after `limit`.
  bool AwaitDelivered(std::uint64_t last, absl::Duration limit) const;
  std::uint64_t last_sequence() const;

 private:
  struct Entry {
    SpoolKind kind;
    std::optional<std::string> unwritten;  // the item itself, where the disk did not take it
  };

  Spool(FileSystem& files, std::string directory, std::size_t max_metrics)
      : files_(files), directory_(std::move(directory)), max_metrics_(max_metrics) {}

  std::string PathOf(std::uint64_t sequence, SpoolKind kind) const;
  void QuarantineLocked(std::uint64_t sequence, absl::string_view reason)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Forget(std::uint64_t sequence) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);  // its file stays
  void RemoveLocked(std::uint64_t sequence) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropOldMetrics() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  FileSystem& files_;
  const std::string directory_;
  const std::size_t max_metrics_;
  mutable absl::Mutex mutex_;
  std::map<std::uint64_t, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  std::size_t metrics_ ABSL_GUARDED_BY(mutex_) = 0;  // entries of that kind
  std::uint64_t next_ ABSL_GUARDED_BY(mutex_) = 1;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace simclr::agent
