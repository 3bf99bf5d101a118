#pragma once

#include <grpcpp/support/sync_stream.h>

#include "coordinator/server/service_context.h"
#include "simclr/v1/job_service.pb.h"

// The long streams of JobService. Each ends with OK when there is nothing more to tell, CANCELLED when the
// client went, and UNAVAILABLE when the server stops: the client may then ask again from where it was.
namespace simclr::coordinator {

absl::Status StreamJobChanges(const ServiceContext& service, const grpc::ServerContext& context,
                              const v1::WatchJobsRequest& request, grpc::ServerWriter<v1::JobChange>& writer);

absl::Status StreamStepMetrics(const ServiceContext& service, const grpc::ServerContext& context,
                               const v1::StreamMetricsRequest& request,
                               grpc::ServerWriter<v1::StepMetrics>& writer);

// A file of the artifact root.
absl::Status StreamArtifact(const ServiceContext& service, const grpc::ServerContext& context,
                            const v1::Job& job, const v1::ReadArtifactRequest& request,
                            grpc::ServerWriter<v1::ArtifactChunk>& writer);

}  // namespace simclr::coordinator
