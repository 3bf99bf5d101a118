#include "coordinator/metrics/call_metrics.h"

#include <google/protobuf/descriptor.h>

#include <vector>

#include "common/edge/message_refusal.h"
#include "coordinator/metrics/words.h"

namespace simclr::coordinator {
namespace {

constexpr char kNone[] = "none";              // why a call was allowed
constexpr char kUnreadable[] = "unreadable";  // a word of RefusalReasons

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
    for (const std::string& code : AllCodes()) handled_.Of({call.service, call.method, call.type, code});
    if (call.type == kUnary) handling_.Of(Labels(call));
  }
  for (const google::protobuf::MethodDescriptor* method : AllMethods()) {
    for (const std::string& reason : RefusalReasons()) refused_.Of({method->input_type()->name(), reason});
  }
  unreadable_.Of({""});
  authorized_.Of({"allowed", kNone});
  for (const std::string& reason : authorized_.WordsOf("reason")) {
    if (reason != kNone) authorized_.Of({"denied", reason});
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
  authorized_.Of({allowed ? "allowed" : "denied", allowed ? kNone : std::string(denial)}).Increment();
}

}  // namespace simclr::coordinator
