#pragma once

#include <grpcpp/server_context.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "common/rpc/status_convert.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/server/artifact_reader.h"
#include "coordinator/server/authorization.h"
#include "coordinator/server/log_tails.h"

namespace simclr::coordinator {

// What the services share; everything outlives them.
struct ServiceContext {
  Coordinator& coordinator;
  const Authorizer& authorizer;
  const ArtifactReader& artifacts;
  LogTails& log_tails;
  const absl::Notification& stopping;  // long streams end soon after
};

// The frame of every blocking handler: authorize, call `work(caller)`, convert the status.
template <typename Work>
grpc::Status Serve(const ServiceContext& service, const grpc::ServerContextBase& context,
                   const std::string& method, Work work) {
  const absl::StatusOr<Principal> caller = service.authorizer.Authorize(method, ReadPeer(context));
  return ToGrpc(caller.ok() ? work(*caller) : caller.status());
}

}  // namespace simclr::coordinator
