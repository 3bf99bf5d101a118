#pragma once

#include "coordinator/server/service_context.h"
#include "simclr/v1/cluster_service.grpc.pb.h"

namespace simclr::coordinator {

// ClusterService for operators. `facts` holds what does not change: version, start, pid. Stateless.
class ClusterService : public v1::ClusterService::Service {
 public:
  ClusterService(const ServiceContext& service, v1::ClusterStatus facts)
      : service_(service), facts_(std::move(facts)) {}

  grpc::Status ListWorkers(grpc::ServerContext* context, const v1::ListWorkersRequest* request,
                           v1::ListWorkersResponse* response) override;
  grpc::Status GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest* request,
                         v1::ClusterStatus* response) override;

 private:
  const ServiceContext& service_;
  const v1::ClusterStatus facts_;
};

}  // namespace simclr::coordinator
