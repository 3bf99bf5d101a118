#pragma once

#include <grpcpp/server_context.h>

#include <functional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "common/base/status_macros.h"
#include "common/edge/check_message.h"
#include "common/edge/forget_unknown.h"
#include "common/edge/message_refusal.h"
#include "common/rpc/status_convert.h"
#include "coordinator/core/coordinator.h"
#include "coordinator/edge/check_context.h"
#include "coordinator/server/artifact_reader.h"
#include "coordinator/server/authorization.h"
#include "coordinator/streams/log_requests.h"

namespace simclr::coordinator {

// What the services share; everything outlives them.
struct ServiceContext {
  Coordinator& coordinator;
  const Authorizer& authorizer;
  const ArtifactReader& artifacts;
  LogRequests& log_requests;
  const absl::Notification& stopping;  // long streams end soon after
  const bool viewers_read_artifacts;   // files and logs of others' jobs, too
  // Hears of every decision on who may call; why not, or empty where the call was allowed. Once per call, and
  // once more where an agent's open session brings what it may not report.
  std::function<void(const std::string& denial)> on_authorized;
  // Hears of every message that is refused at the door: its type, and why as in RefusalReason.
  std::function<void(const std::string& type, const std::string& reason)> on_refused;
  // Hears of every message of an open stream that could not even be read, and whose agent sent it.
  std::function<void(const std::string& type, const std::string& worker)> on_unreadable;
};

// Authorize, for metrics too: of calls that go on for as long as an agent lives.
inline absl::StatusOr<Principal> Authorize(const ServiceContext& service, const std::string& method,
                                           const grpc::ServerContextBase& context) {
  absl::StatusOr<Principal> caller = service.authorizer.Authorize(method, ReadPeer(context));
  service.on_authorized(DenialReason(caller.status()));
  return caller;
}

// A session that the role table allows may still be refused as it is about another worker.
inline void NoteDenial(const ServiceContext& service, const absl::Status& status) {
  if (const std::string denial = DenialReason(status); !denial.empty()) service.on_authorized(denial);
}

// The door: nothing else looks at a message before this let it pass.
template <typename Message>
absl::Status Admit(const ServiceContext& service, const Message& message) {
  absl::Status status = CheckMessage(message);
  if (status.ok()) status = CheckContext(message);
  if (!status.ok()) service.on_refused(message.GetDescriptor()->name(), RefusalReason(status));
  return status;
}

// The frame of every blocking handler: authorize, call `work(caller)`, convert the status. `work` may refuse
// a call that the role table allows, as it is about another worker or owner: whether it was allowed is known
// after it.
template <typename Work>
grpc::Status ServeCall(const ServiceContext& service, const grpc::ServerContextBase& context,
                       const std::string& method, Work work) {
  const absl::StatusOr<Principal> caller = service.authorizer.Authorize(method, ReadPeer(context));
  const absl::Status status = caller.ok() ? work(*caller) : caller.status();
  service.on_authorized(DenialReason(status));
  return ToGrpc(status);
}

// The same for people: `work(caller)` sees a request that the door let pass.
template <typename Request, typename Work>
grpc::Status Serve(const ServiceContext& service, const grpc::ServerContextBase& context,
                   const std::string& method, const Request& request, Work work) {
  return ServeCall(service, context, method, [&](const Principal& caller) -> absl::Status {
    SIMCLR_RETURN_IF_ERROR(Admit(service, request));
    return work(caller);
  });
}

// The same for agents: what a newer one knows more is forgotten, and it reports for nobody but itself.
// `work(request)` gets the request as it came in.
template <typename Request, typename Work>
grpc::Status ServeWorker(const ServiceContext& service, const grpc::ServerContextBase& context,
                         const std::string& method, Request request, Work work) {
  return ServeCall(service, context, method, [&](const Principal& caller) -> absl::Status {
    SIMCLR_RETURN_IF_ERROR(CheckIsWorker(caller, request.worker()));
    ForgetUnknown(request);
    SIMCLR_RETURN_IF_ERROR(Admit(service, request));
    return work(request);
  });
}

}  // namespace simclr::coordinator
