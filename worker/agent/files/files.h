#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/bounded_queue.h"
#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/subprocess.h"
#include "worker/agent/base/call_watch.h"
#include "worker/agent/base/memory_cgroup.h"
#include "worker/agent/base/part.h"
#include "worker/agent/files/spool_directory.h"

namespace simclr::agent {

struct FilesOptions {
  std::string spool;  // directory
  MemoryCgroupPaths memory_cgroup = {};
  std::int64_t max_log_bytes = 64 << 20;              // of a live trainer
  absl::Duration rotate_interval = absl::Seconds(1);  // between two looks at the logs
  std::size_t max_waiting = 8192;
};

// An exit that neither the trainer nor the agent explains.
struct UnexplainedExit {
  ProcessExit exit;
  std::string log_path;
  std::optional<MemoryCgroup> memory_before;  // at the trainer's start
};

// The part that touches the agent's own directory: spool, state, the directories and logs of trainers. All
// but RunOnce only queues; what the disk refuses is logged and stays undone. Thread-safe but for RunOnce.
class Files : public Part {
 public:
  // `files` and `clock` outlive it.
  Files(FilesOptions options, FileSystem& files, const Clock& clock);

  // Writes the item into the spool, unless it is forgotten before its turn.
  void Keep(SpoolItem item);
  void Forget(std::uint64_t sequence, SpoolKind kind);
  void PutAside(SpoolItem item, std::string reason);

  void Write(std::string path, std::string bytes);  // atomically
  void RemoveDirectory(std::string path);
  // Tells, on the part's thread, how a trainer ended as its log and the kernel know it: a text for its
  // report.
  void Explain(UnexplainedExit exit, std::function<void(std::string)> told);
  // The logs of live trainers, which are kept below their limit.
  void SetLogs(std::vector<std::string> paths);

  // Waits until all that was given before is done, at most `limit`.
  bool Flush(absl::Duration limit);

  absl::Duration RunOnce(absl::Duration now) override;
  const CallWatch& calls() const { return calls_; }
  // The disk took the newest spool item that it was given; else why not.
  absl::Status spooled() const;

 private:
  void Do(const char* what, std::function<absl::Status()> work);
  absl::Status WriteKept(std::uint64_t sequence);
  void RotateLogs(absl::Duration now);

  struct Work {
    const char* what;
    std::function<absl::Status()> run;
  };

  const FilesOptions options_;
  FileSystem& files_;
  SpoolDirectory spool_;  // of the part's thread
  BoundedQueue<Work> waiting_;
  CallWatch calls_;
  absl::Duration rotated_at_ = -absl::InfiniteDuration();  // of the part's thread

  mutable absl::Mutex mutex_;
  std::map<std::uint64_t, SpoolItem> unwritten_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> logs_ ABSL_GUARDED_BY(mutex_);
  absl::Status spooled_ ABSL_GUARDED_BY(mutex_);
};

// "exited with code 1; end of its log: ..."; looks at the log and at what the kernel says of memory.
std::string HowItEnded(const UnexplainedExit& exit, const MemoryCgroupPaths& memory);

}  // namespace simclr::agent
