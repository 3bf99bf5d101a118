#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "common/base/file_system.h"
#include "common/base/periodic_task.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/store/ended_jobs.h"

namespace simclr::coordinator {

// Writes <root>/<job>/metrics.csv of each job that ended, on a thread of its own. What could not be written
// is tried again, and after a start what ended shortly before.
class JobEndWriter {
 public:
  // All outlive the writer.
  JobEndWriter(const Coordinator& coordinator, EndedJobs& ended, FileSystem& files,
               std::string artifact_root);

 private:
  void WriteAll();
  absl::Status Write(const std::string& job_id);

  const Coordinator& coordinator_;
  EndedJobs& ended_;
  FileSystem& files_;
  const std::string root_;
  std::int64_t revision_;          // up to which the ends are known; of the thread alone
  std::set<std::string> pending_;  // of the thread alone
  PeriodicTask task_;
};

}  // namespace simclr::coordinator
