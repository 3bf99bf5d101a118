#include "coordinator/server/cluster_service.h"

#include "common/base/status_macros.h"

namespace simclr::coordinator {

grpc::Status ClusterService::ListWorkers(grpc::ServerContext* context, const v1::ListWorkersRequest* request,
                                         v1::ListWorkersResponse* response) {
  return Serve(service_, *context, "simclr.v1.ClusterService/ListWorkers", *request,
               [&](const Principal&) -> absl::Status {
                 SIMCLR_ASSIGN_OR_RETURN(*response, service_.coordinator.ListWorkers(*request));
                 return absl::OkStatus();
               });
}

grpc::Status ClusterService::GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest* request,
                                       v1::ClusterStatus* response) {
  return Serve(service_, *context, "simclr.v1.ClusterService/GetStatus", *request, [&](const Principal&) {
    *response = facts_;
    response->set_cluster_id(service_.coordinator.cluster_id());
    response->set_term(service_.coordinator.term());
    response->set_revision(service_.coordinator.revision());
    return absl::OkStatus();
  });
}

}  // namespace simclr::coordinator
