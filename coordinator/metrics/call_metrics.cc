#include "coordinator/metrics/call_metrics.h"

#include <google/protobuf/descriptor.h>

#include <iterator>
#include <vector>

#include "common/edge/message_refusal.h"
#include "simclr/v1/cluster_service.pb.h"
#include "simclr/v1/job_service.pb.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr::coordinator {
namespace {

constexpr char kUnary[] = "unary";
constexpr char kServerStream[] = "server_stream";
constexpr char kUnreadable[] = "unreadable";  // a word of RefusalReasons

// The spelling of gRPC for Go, which the metrics come from; the index is the code's number.
constexpr const char* kCodes[] = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

const char* CodeWord(absl::StatusCode code) {
  const auto index = static_cast<std::size_t>(code);
  return index < std::size(kCodes) ? kCodes[index] : kCodes[2];
}

const char* TypeWord(const google::protobuf::MethodDescriptor& method) {
  if (method.client_streaming()) return method.server_streaming() ? "bidi_stream" : "client_stream";
  return method.server_streaming() ? kServerStream : kUnary;
}

std::vector<const google::protobuf::MethodDescriptor*> AllMethods() {
  std::vector<const google::protobuf::MethodDescriptor*> methods;
  for (const google::protobuf::FileDescriptor* file :
       {v1::SubmitJobRequest::descriptor()->file(), v1::GetStatusRequest::descriptor()->file(),
        v1::Observed::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      const google::protobuf::ServiceDescriptor& service = *file->service(s);
      for (int m = 0; m < service.method_count(); ++m) methods.push_back(service.method(m));
    }
  }
  return methods;
}

RpcCall CallOf(const google::protobuf::MethodDescriptor& method) {
  return {method.service()->full_name(), method.name(), TypeWord(method)};
}

std::vector<std::string> Labels(const RpcCall& call) {
  return {call.service, call.method, call.type};
}

}  // namespace

CallMetrics::CallMetrics(prometheus::Registry& registry)
    : started_(registry, "grpc_server_started_total"),
      handled_(registry, "grpc_server_handled_total"),
      handling_(registry, "grpc_server_handling_seconds"),
      authorized_(registry, "simclr_auth_requests_total"),
      refused_(registry, "simclr_coordinator_refused_messages_total"),
      unreadable_(registry, "simclr_coordinator_unreadable_messages_total") {
  for (const google::protobuf::MethodDescriptor* method : AllMethods()) {
    const RpcCall call = CallOf(*method);
    started_.Of(Labels(call));
    for (const char* code : kCodes) handled_.Of({call.service, call.method, call.type, code});
    if (call.type == kUnary) handling_.Of(Labels(call));
  }
  for (const google::protobuf::MethodDescriptor* method : AllMethods()) {
    for (const std::string& reason : RefusalReasons()) refused_.Of({method->input_type()->name(), reason});
  }
  unreadable_.Of({""});
  authorized_.Of({"allowed", "none"});
  for (const char* reason : {"no_credentials", "unknown_token", "no_certificate", "role", "method",
                             "other_worker", "other_owner", "priority"}) {
    authorized_.Of({"denied", reason});
  }
}

void CallMetrics::OnStarted(const RpcCall& call) {
  started_.Of(Labels(call)).Increment();
  if (call.type == kServerStream) ++open_server_streams_;
}

void CallMetrics::OnEnded(const RpcCall& call, absl::StatusCode code, absl::Duration duration) {
  handled_.Of({call.service, call.method, call.type, CodeWord(code)}).Increment();
  if (call.type == kUnary) handling_.Of(Labels(call)).Observe(absl::ToDoubleSeconds(duration));
  if (call.type == kServerStream) --open_server_streams_;
}

void CallMetrics::OnUnreadable(const RpcCall& call, const std::string& worker) {
  for (const google::protobuf::MethodDescriptor* method : AllMethods()) {
    if (method->service()->full_name() != call.service || method->name() != call.method) continue;
    OnUnreadable(method->input_type()->name(), worker);
  }
}

void CallMetrics::OnUnreadable(const std::string& type, const std::string& worker) {
  OnRefused(type, kUnreadable);
  unreadable_.Of({worker}).Increment();
}

void CallMetrics::OnRefused(const std::string& type, const std::string& reason) {
  refused_.Of({type, reason}).Increment();
}

void CallMetrics::OnAuthorized(absl::string_view denial) {
  const bool allowed = denial.empty();
  authorized_.Of({allowed ? "allowed" : "denied", allowed ? "none" : std::string(denial)}).Increment();
}

}  // namespace simclr::coordinator
