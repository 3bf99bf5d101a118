#include "coordinator/server/job_streams.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "coordinator/server/file_sender.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {
namespace {

constexpr absl::Duration kPatience = absl::Milliseconds(500);  // between looks at whether to stop
constexpr int kPageOfWatch = 1000;

absl::StatusOr<std::set<std::string>> ResolveAll(const ServiceContext& service,
                                                 const v1::WatchJobsRequest& request) {
  std::set<std::string> ids;
  for (const std::string& reference : request.jobs()) {
    SIMCLR_ASSIGN_OR_RETURN(const v1::Job job, service.coordinator.GetJob(reference));
    ids.insert(job.id());
  }
  return ids;
}

// Tells a watcher of jobs, each time only what he was not told yet.
class ChangeWriter {
 public:
  explicit ChangeWriter(grpc::ServerWriter<v1::JobChange>& writer) : writer_(writer) {}

  absl::Status Tell(const v1::JobChange& change) {
    const std::string& id = change.job().id();
    if (change.deleted()) sent_.erase(id);
    std::string bytes = change.job().SerializeAsString();
    if (sent_[id] == bytes) return absl::OkStatus();
    if (!writer_.Write(change)) return ClientGone();
    sent_[id] = std::move(bytes);
    return absl::OkStatus();
  }

  absl::Status Tell(const v1::Job& job, std::int64_t revision) {
    v1::JobChange change;
    change.set_revision(revision);
    *change.mutable_job() = job;
    return Tell(change);
  }

 private:
  grpc::ServerWriter<v1::JobChange>& writer_;
  std::map<std::string, std::string> sent_;  // last message by job
};

// The present state of the jobs `wanted`, or of all, as of `revision`.
absl::Status TellPresent(const ServiceContext& service, const grpc::ServerContext& context,
                         const std::set<std::string>& wanted, std::int64_t revision, ChangeWriter& writer) {
  for (const std::string& id : wanted) {
    SIMCLR_ASSIGN_OR_RETURN(const v1::Job job, service.coordinator.GetJob(id));
    SIMCLR_RETURN_IF_ERROR(writer.Tell(job, revision));
  }
  if (!wanted.empty()) return absl::OkStatus();
  v1::ListJobsRequest page;
  page.set_page_size(kPageOfWatch);
  do {
    SIMCLR_RETURN_IF_ERROR(CheckGoesOn(service, context));
    SIMCLR_ASSIGN_OR_RETURN(const v1::ListJobsResponse jobs, service.coordinator.ListJobs(page));
    for (const v1::Job& job : jobs.jobs()) SIMCLR_RETURN_IF_ERROR(writer.Tell(job, revision));
    page.set_page_token(jobs.next_page_token());
  } while (!page.page_token().empty());
  return absl::OkStatus();
}

}  // namespace

absl::Status StreamJobChanges(const ServiceContext& service, const grpc::ServerContext& context,
                              const v1::WatchJobsRequest& request,
                              grpc::ServerWriter<v1::JobChange>& writer) {
  SIMCLR_ASSIGN_OR_RETURN(const std::set<std::string> wanted, ResolveAll(service, request));
  std::int64_t revision = request.since_revision();
  ChangeWriter told(writer);
  if (revision == 0) {
    revision = service.coordinator.revision();  // what changes while the present state is told is told again
    SIMCLR_RETURN_IF_ERROR(TellPresent(service, context, wanted, revision, told));
  }
  for (;;) {
    SIMCLR_RETURN_IF_ERROR(CheckGoesOn(service, context));
    const std::int64_t change = service.coordinator.WaitForChange(0, absl::ZeroDuration());
    SIMCLR_ASSIGN_OR_RETURN(const auto changes, service.coordinator.ChangedJobs(revision, wanted));
    for (const v1::JobChange& now : changes.changes) SIMCLR_RETURN_IF_ERROR(told.Tell(now));
    revision = std::max(revision, changes.revision);
    service.coordinator.WaitForChange(change, kPatience);
  }
}

absl::Status StreamStepMetrics(const ServiceContext& service, const grpc::ServerContext& context,
                               const v1::StreamMetricsRequest& request,
                               grpc::ServerWriter<v1::StepMetrics>& writer) {
  std::int64_t since = request.since_step();
  std::int64_t change = 0;
  int attempt = 0;
  for (;;) {
    SIMCLR_RETURN_IF_ERROR(CheckGoesOn(service, context));
    SIMCLR_ASSIGN_OR_RETURN(const v1::Job job, service.coordinator.GetJob(request.job()));
    // A new attempt measures again what it undid.
    if (attempt != 0 && job.status().attempt() != attempt && job.status().phase() == v1::PHASE_RUNNING) {
      since = std::min(since, job.status().resumed_from_step());
    }
    if (job.status().phase() == v1::PHASE_RUNNING) attempt = job.status().attempt();
    SIMCLR_ASSIGN_OR_RETURN(const auto samples, service.coordinator.ReadMetrics(job.id(), since));
    for (const v1::StepMetrics& sample : samples) {
      if (!writer.Write(sample)) return ClientGone();
      since = sample.step();
    }
    if (!request.follow() || IsTerminal(job.status().phase())) return absl::OkStatus();
    change = service.coordinator.WaitForChange(change, kPatience);
  }
}

absl::Status StreamArtifact(const ServiceContext& service, const grpc::ServerContext& context,
                            const v1::Job& job, const v1::ReadArtifactRequest& request,
                            grpc::ServerWriter<v1::ArtifactChunk>& writer) {
  SIMCLR_ASSIGN_OR_RETURN(const ArtifactFile file, service.artifacts.Open(job.id(), request.path()));
  return SendFile(service, context, file, request.offset(), /*base=*/0, writer);
}

}  // namespace simclr::coordinator
