#include "coordinator/server/job_end_writer.h"

#include <algorithm>
#include <utility>

#include "common/base/logging.h"
#include "common/base/status_macros.h"
#include "common/job/metrics_csv.h"

namespace simclr::coordinator {
namespace {

constexpr absl::Duration kInterval = absl::Seconds(2);
constexpr std::int64_t kEventsLookedBack = 1000;  // at a start: their jobs may not have been written
constexpr std::int64_t kEndsAtOnce = 100;

}  // namespace

JobEndWriter::JobEndWriter(const Coordinator& coordinator, EndedJobs& ended, FileSystem& files,
                           std::string artifact_root)
    : coordinator_(coordinator),
      ended_(ended),
      files_(files),
      root_(std::move(artifact_root)),
      revision_(std::max<std::int64_t>(0, coordinator.revision() - kEventsLookedBack)),
      task_("job-end", kInterval, [this] { WriteAll(); }) {}

void JobEndWriter::WriteAll() {
  const auto ends = ended_.EndedAfter(revision_, kEndsAtOnce);
  if (!ends.ok()) return LogWarning("ended jobs cannot be read", {{"error", ends.status().ToString()}});
  for (const JobPtr& job : *ends) {
    pending_.insert(job->job().id());
    revision_ = job->revision();
  }
  for (auto job = pending_.begin(); job != pending_.end();) {
    const absl::Status written = Write(*job);
    if (!written.ok() && !absl::IsNotFound(written)) {  // it may have been deleted meanwhile
      LogWarning("metrics.csv is not written yet", {{"job", *job}, {"error", written.ToString()}});
      ++job;
    } else {
      job = pending_.erase(job);
    }
  }
}

absl::Status JobEndWriter::Write(const std::string& job_id) {
  const std::string directory = JoinPath(root_, job_id);
  const std::string path = JoinPath(directory, "metrics.csv");
  if (files_.Exists(path)) return absl::OkStatus();
  SIMCLR_ASSIGN_OR_RETURN(const auto samples, coordinator_.ReadMetrics(job_id, 0));
  if (samples.empty()) return absl::OkStatus();
  SIMCLR_RETURN_IF_ERROR(files_.MakeDirectories(directory));
  return WriteAtomically(files_, path, MetricsCsv(samples));
}

}  // namespace simclr::coordinator
