#include "coordinator/server/job_service.h"

#include "common/base/status_macros.h"
#include "coordinator/server/job_streams.h"
#include "coordinator/server/read_log.h"

namespace simclr::coordinator {

grpc::Status JobService::SubmitJob(grpc::ServerContext* context, const v1::SubmitJobRequest* request,
                                   v1::SubmitJobResponse* response) {
  return Serve(service_, *context, "simclr.v1.JobService/SubmitJob", *request,
               [&](const Principal& caller) -> absl::Status {
                 SIMCLR_RETURN_IF_ERROR(CheckPriority(caller, request->spec().schedule().priority()));
                 SIMCLR_ASSIGN_OR_RETURN(*response->mutable_job(),
                                         service_.coordinator.Submit(*request, caller.name));
                 return absl::OkStatus();
               });
}

grpc::Status JobService::SubmitJobs(grpc::ServerContext* context, const v1::SubmitJobsRequest* request,
                                    v1::SubmitJobsResponse* response) {
  return Serve(service_, *context, "simclr.v1.JobService/SubmitJobs", *request,
               [&](const Principal& caller) -> absl::Status {
                 for (const v1::JobSpec& spec : request->specs()) {
                   SIMCLR_RETURN_IF_ERROR(CheckPriority(caller, spec.schedule().priority()));
                 }
                 SIMCLR_ASSIGN_OR_RETURN(*response, service_.coordinator.SubmitMany(*request, caller.name));
                 return absl::OkStatus();
               });
}

grpc::Status JobService::GetJob(grpc::ServerContext* context, const v1::GetJobRequest* request,
                                v1::Job* response) {
  return Serve(service_, *context, "simclr.v1.JobService/GetJob", *request,
               [&](const Principal&) -> absl::Status {
                 SIMCLR_ASSIGN_OR_RETURN(*response, service_.coordinator.GetJob(request->job()));
                 return absl::OkStatus();
               });
}

grpc::Status JobService::ListJobs(grpc::ServerContext* context, const v1::ListJobsRequest* request,
                                  v1::ListJobsResponse* response) {
  return Serve(service_, *context, "simclr.v1.JobService/ListJobs", *request,
               [&](const Principal& caller) -> absl::Status {
                 SIMCLR_ASSIGN_OR_RETURN(*response, service_.coordinator.ListJobs(*request, caller.name));
                 return absl::OkStatus();
               });
}

grpc::Status JobService::WatchJobs(grpc::ServerContext* context, const v1::WatchJobsRequest* request,
                                   grpc::ServerWriter<v1::JobChange>* writer) {
  return Serve(service_, *context, "simclr.v1.JobService/WatchJobs", *request,
               [&](const Principal&) { return StreamJobChanges(service_, *context, *request, *writer); });
}

grpc::Status JobService::CancelJob(grpc::ServerContext* context, const v1::CancelJobRequest* request,
                                   v1::Job* response) {
  return Serve(service_, *context, "simclr.v1.JobService/CancelJob", *request,
               [&](const Principal& caller) -> absl::Status {
                 const auto may = [&caller](const std::string& owner, const std::string& id) {
                   return CheckOwns(caller, owner, id);
                 };
                 SIMCLR_ASSIGN_OR_RETURN(*response, service_.coordinator.Cancel(*request, caller.name, may));
                 return absl::OkStatus();
               });
}

grpc::Status JobService::DeleteJobs(grpc::ServerContext* context, const v1::DeleteJobsRequest* request,
                                    v1::DeleteJobsResponse* response) {
  return Serve(service_, *context, "simclr.v1.JobService/DeleteJobs", *request,
               [&](const Principal& caller) -> absl::Status {
                 const auto may = [&caller](const std::string& owner, const std::string& id) {
                   return CheckOwns(caller, owner, id);
                 };
                 SIMCLR_ASSIGN_OR_RETURN(*response, service_.coordinator.Delete(*request, caller.name, may));
                 return absl::OkStatus();
               });
}

grpc::Status JobService::PruneJobs(grpc::ServerContext* context, const v1::PruneJobsRequest* request,
                                   v1::PruneJobsResponse* response) {
  return Serve(
      service_, *context, "simclr.v1.JobService/PruneJobs", *request,
      [&](const Principal& caller) -> absl::Status {
        v1::PruneJobsRequest own = *request;
        if (caller.role != Role::kOperator) {  // without an owner he means his own
          const std::string& owner = request->filter().owner();
          SIMCLR_RETURN_IF_ERROR(CheckOwns(caller, owner.empty() ? caller.name : owner, "of the filter"));
          own.mutable_filter()->set_owner(caller.name);
        }
        SIMCLR_ASSIGN_OR_RETURN(*response, service_.coordinator.Prune(own, caller.name));
        return absl::OkStatus();
      });
}

grpc::Status JobService::ListCheckpoints(grpc::ServerContext* context,
                                         const v1::ListCheckpointsRequest* request,
                                         v1::ListCheckpointsResponse* response) {
  return Serve(service_, *context, "simclr.v1.JobService/ListCheckpoints", *request,
               [&](const Principal&) -> absl::Status {
                 SIMCLR_ASSIGN_OR_RETURN(*response, service_.coordinator.ListCheckpoints(*request));
                 return absl::OkStatus();
               });
}

grpc::Status JobService::StreamMetrics(grpc::ServerContext* context, const v1::StreamMetricsRequest* request,
                                       grpc::ServerWriter<v1::StepMetrics>* writer) {
  return Serve(service_, *context, "simclr.v1.JobService/StreamMetrics", *request,
               [&](const Principal&) { return StreamStepMetrics(service_, *context, *request, *writer); });
}

absl::StatusOr<v1::Job> JobService::ReadableJob(const Principal& caller, const std::string& reference) const {
  SIMCLR_ASSIGN_OR_RETURN(const v1::Job job, service_.coordinator.GetJob(reference));
  SIMCLR_RETURN_IF_ERROR(CheckReads(caller, job.owner(), job.id(), service_.viewers_read_artifacts));
  return job;
}

grpc::Status JobService::ReadLog(grpc::ServerContext* context, const v1::ReadLogRequest* request,
                                 grpc::ServerWriter<v1::LogChunk>* writer) {
  return Serve(service_, *context, "simclr.v1.JobService/ReadLog", *request,
               [&](const Principal& caller) -> absl::Status {
                 SIMCLR_ASSIGN_OR_RETURN(const v1::Job job, ReadableJob(caller, request->job()));
                 return StreamLog(service_, *context, job, *request, *writer);
               });
}

grpc::Status JobService::ReadArtifact(grpc::ServerContext* context, const v1::ReadArtifactRequest* request,
                                      grpc::ServerWriter<v1::ArtifactChunk>* writer) {
  return Serve(service_, *context, "simclr.v1.JobService/ReadArtifact", *request,
               [&](const Principal& caller) -> absl::Status {
                 SIMCLR_ASSIGN_OR_RETURN(const v1::Job job, ReadableJob(caller, request->job()));
                 return StreamArtifact(service_, *context, job, *request, *writer);
               });
}

grpc::Status JobService::ListArtifacts(grpc::ServerContext* context, const v1::ListArtifactsRequest* request,
                                       v1::ListArtifactsResponse* response) {
  return Serve(service_, *context, "simclr.v1.JobService/ListArtifacts", *request,
               [&](const Principal& caller) -> absl::Status {
                 SIMCLR_ASSIGN_OR_RETURN(const v1::Job job, ReadableJob(caller, request->job()));
                 v1::ListArtifactsRequest by_id = *request;
                 by_id.set_job(job.id());
                 SIMCLR_ASSIGN_OR_RETURN(*response, service_.artifacts.List(by_id));
                 return absl::OkStatus();
               });
}

}  // namespace simclr::coordinator
