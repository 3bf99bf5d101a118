#pragma once

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/file_system.h"
#include "common/base/periodic_task.h"
#include "coordinator/core/coordinator.h"

namespace simclr::coordinator {

// Writes <root>/<job>/metrics.csv of each job that ended, on a thread of its own. A job whose file is missing
// at the start, because the process died in between, is written then. Thread-safe.
class JobEndWriter {
 public:
  // All outlive the writer.
  JobEndWriter(const Coordinator& coordinator, FileSystem& files, std::string artifact_root);

  void Enqueue(const std::string& job_id);

 private:
  void WriteAll();
  void Write(const std::string& job_id);
  std::string PathOf(const std::string& job_id) const;

  const Coordinator& coordinator_;
  FileSystem& files_;
  const std::string root_;
  absl::Mutex mutex_;
  std::vector<std::string> ended_ ABSL_GUARDED_BY(mutex_);
  PeriodicTask task_;
};

}  // namespace simclr::coordinator
