#pragma once

#include "coordinator/server/service_context.h"
#include "simclr/v1/job_service.grpc.pb.h"

namespace simclr::coordinator {

// JobService for people: authorize, convert, call, convert back. Stateless.
class JobService : public v1::JobService::Service {
 public:
  explicit JobService(const ServiceContext& service) : service_(service) {}

  grpc::Status SubmitJob(grpc::ServerContext* context, const v1::SubmitJobRequest* request,
                         v1::SubmitJobResponse* response) override;
  grpc::Status SubmitJobs(grpc::ServerContext*, const v1::SubmitJobsRequest*,
                          v1::SubmitJobsResponse*) override;
  grpc::Status GetJob(grpc::ServerContext* context, const v1::GetJobRequest* request,
                      v1::Job* response) override;
  grpc::Status ListJobs(grpc::ServerContext* context, const v1::ListJobsRequest* request,
                        v1::ListJobsResponse* response) override;
  grpc::Status WatchJobs(grpc::ServerContext* context, const v1::WatchJobsRequest* request,
                         grpc::ServerWriter<v1::JobChange>* writer) override;
  grpc::Status CancelJob(grpc::ServerContext* context, const v1::CancelJobRequest* request,
                         v1::Job* response) override;
  grpc::Status DeleteJobs(grpc::ServerContext* context, const v1::DeleteJobsRequest* request,
                          v1::DeleteJobsResponse* response) override;
  grpc::Status PruneJobs(grpc::ServerContext* context, const v1::PruneJobsRequest* request,
                         v1::PruneJobsResponse* response) override;
  grpc::Status ListCheckpoints(grpc::ServerContext* context, const v1::ListCheckpointsRequest* request,
                               v1::ListCheckpointsResponse* response) override;
  grpc::Status StreamMetrics(grpc::ServerContext* context, const v1::StreamMetricsRequest* request,
                             grpc::ServerWriter<v1::StepMetrics>* writer) override;
  grpc::Status ReadLog(grpc::ServerContext* context, const v1::ReadLogRequest* request,
                       grpc::ServerWriter<v1::LogChunk>* writer) override;
  grpc::Status ReadArtifact(grpc::ServerContext* context, const v1::ReadArtifactRequest* request,
                            grpc::ServerWriter<v1::ArtifactChunk>* writer) override;
  grpc::Status ListArtifacts(grpc::ServerContext* context, const v1::ListArtifactsRequest* request,
                             v1::ListArtifactsResponse* response) override;

 private:
  // A job whose files the caller may read.
  absl::StatusOr<v1::Job> ReadableJob(const Principal& caller, const std::string& reference) const;

  const ServiceContext& service_;
};

}  // namespace simclr::coordinator
