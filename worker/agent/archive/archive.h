#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "worker/agent/base/call_watch.h"
#include "worker/agent/base/part.h"
#include "worker/agent/base/rank_key.h"
#include "worker/agent/base/rank_log.h"

namespace simclr::agent {

struct ArchiveOptions {
  std::string root;
  std::int64_t chunk_bytes = 4 << 20;
  BackoffOptions retry = {absl::Seconds(1), absl::Minutes(1)};  // of a log that could not be copied
  absl::Duration look_interval = absl::Seconds(10);             // between two looks at an idle root
  std::size_t max_waiting = 4096;
};

struct ArchiveRequest {
  std::optional<RankKey> key;  // nullopt: an older agent's, whose whole name is not known
  std::string directory;       // of the rank, with its log, which grows no more
  std::string name;            // below the root: "JOB/logs/a1-1f2e3d4c-r0.log"
};

struct Archived {
  ArchiveRequest request;
  std::optional<LogRange> range;  // nullopt: there was no log
};

// The part that brings the logs of ended ranks to the artifact root: piece by piece, as raw bytes, seen as a
// whole or not at all. What fails is tried again, after the others. May block on shared storage. Thread-safe
// but for RunOnce.
class Archive : public Part {
 public:
  struct Figures {
    std::size_t logs = 0;     // that wait, or are being copied
    std::int64_t bytes = 0;   // of them that are not copied yet, as far as was looked
    std::int64_t copied = 0;  // bytes, ever
    std::int64_t failures = 0;
    std::string newest_failure;  // empty once all is well again
  };

  // `archived` is called on the part's thread. What is passed by reference outlives the part.
  Archive(ArchiveOptions options, FileSystem& files, const Clock& clock, std::uint64_t seed,
          std::function<void(const Archived&)> archived);

  // False: too many wait; the next agent finds the log where it lies.
  bool Add(ArchiveRequest request);

  // Copies one piece.
  absl::Duration RunOnce(absl::Duration now) override;
  const CallWatch& calls() const { return calls_; }
  bool idle() const { return figures().logs == 0; }
  Figures figures() const;

 private:
  struct Copy {
    ArchiveRequest request;
    std::optional<LogRange> range;  // known once it was looked at
    std::int64_t offset = 0;        // up to which it is copied
    Backoff backoff;
    absl::Duration due = -absl::InfiniteDuration();
  };

  bool Begin(absl::Duration now);
  absl::Duration NextDue(absl::Duration now) const;
  // One piece of the current copy; true: it is complete.
  absl::StatusOr<bool> CopyPiece();
  absl::Status Finish(const Copy& copy);
  void Measure();
  void OnComplete();
  void OnFailure(const absl::Status& status);
  std::string TargetOf(const Copy& copy) const { return JoinPath(options_.root, copy.request.name); }

  const ArchiveOptions options_;
  FileSystem& files_;
  const Clock& clock_;
  const std::function<void(const Archived&)> archived_;
  CallWatch calls_;

  // Of the part's thread:
  std::optional<Copy> current_;
  absl::Duration looked_at_ = -absl::InfiniteDuration();

  mutable absl::Mutex mutex_;
  std::uint64_t seed_ ABSL_GUARDED_BY(mutex_);  // of the next copy's jitter
  std::deque<Copy> waiting_ ABSL_GUARDED_BY(mutex_);
  Figures figures_ ABSL_GUARDED_BY(mutex_);  // bytes: of the current copy alone
};

}  // namespace simclr::agent
