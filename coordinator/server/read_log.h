#pragma once

#include <grpcpp/support/sync_stream.h>

#include "coordinator/server/service_context.h"
#include "simclr/v1/job_service.pb.h"

namespace simclr::coordinator {

// Sends the log of one rank of an attempt of `job`: what its agent has, then what lies in the artifact root;
// the offsets of both are those of the log, so that no byte comes twice. Who follows a live attempt waits for
// its log and its agent. NOT_FOUND: there is no such log, or it is on a worker that cannot be asked.
// UNAVAILABLE: the server stops, or the storage gives no answer.
absl::Status StreamLog(const ServiceContext& service, const grpc::ServerContext& context, const v1::Job& job,
                       const v1::ReadLogRequest& request, grpc::ServerWriter<v1::LogChunk>& writer);

}  // namespace simclr::coordinator
