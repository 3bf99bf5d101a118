#include "coordinator/server/job_end_writer.h"

#include <utility>

#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "coordinator/server/metrics_csv.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {

JobEndWriter::JobEndWriter(const Coordinator& coordinator, FileSystem& files, std::string artifact_root)
    : coordinator_(coordinator),
      files_(files),
      root_(std::move(artifact_root)),
      task_("job-end", absl::Seconds(60), [this] { WriteAll(); }) {
  const v1::ListJobsResponse jobs = coordinator_.ListJobs({});
  for (const v1::Job& job : jobs.jobs()) {
    const bool ran = IsTerminal(job.status().phase()) && job.status().attempt() > 0;
    if (ran && !files_.Exists(PathOf(job.id()))) Enqueue(job.id());
  }
}

std::string JobEndWriter::PathOf(const std::string& job_id) const {
  return JoinPath(JoinPath(root_, job_id), "metrics.csv");
}

void JobEndWriter::Enqueue(const std::string& job_id) {
  {
    absl::MutexLock lock(&mutex_);
    ended_.push_back(job_id);
  }
  task_.WakeNow();
}

void JobEndWriter::WriteAll() {
  std::vector<std::string> ended;
  {
    absl::MutexLock lock(&mutex_);
    ended.swap(ended_);
  }
  for (const std::string& job_id : ended) Write(job_id);
}

void JobEndWriter::Write(const std::string& job_id) {
  const auto samples = coordinator_.ReadMetrics(job_id, 0);
  absl::Status status = samples.status();
  if (status.ok() && samples->empty()) return;
  if (status.ok()) status = files_.MakeDirectories(JoinPath(root_, job_id));
  if (status.ok()) status = WriteAtomically(files_, PathOf(job_id), MetricsCsv(*samples));
  if (!status.ok()) LogWarning("metrics.csv is not written", {{"job", job_id}, {"error", status.ToString()}});
}

}  // namespace simclr::coordinator
