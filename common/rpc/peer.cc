#include "common/rpc/peer.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace simclr {
namespace {

constexpr absl::string_view kWorkerUriPrefix = "simclr://worker/";

absl::string_view ToView(const grpc::string_ref& ref) {
  return {ref.data(), ref.size()};
}

std::string BearerToken(const grpc::ServerContextBase& context) {
  const auto found = context.client_metadata().find("authorization");
  if (found == context.client_metadata().end()) return "";
  absl::string_view value = ToView(found->second);
  return absl::ConsumePrefix(&value, "Bearer ") ? std::string(value) : "";
}

// Only a verified certificate counts: gRPC lists the names of no other.
std::string WorkerName(const grpc::AuthContext& auth) {
  if (!auth.IsPeerAuthenticated()) return "";
  for (const grpc::string_ref& name : auth.FindPropertyValues("x509_subject_alternative_name")) {
    if (std::string worker = WorkerFromUri(ToView(name)); !worker.empty()) return worker;
  }
  return "";
}

}  // namespace

Peer ReadPeer(const grpc::ServerContextBase& context) {
  Peer peer;
  peer.token = BearerToken(context);
  peer.address = context.peer();
  if (const std::shared_ptr<const grpc::AuthContext> auth = context.auth_context(); auth != nullptr) {
    peer.worker = WorkerName(*auth);
    for (const grpc::string_ref& type : auth->FindPropertyValues("transport_security_type")) {
      peer.encrypted |= ToView(type) == "ssl" || ToView(type) == "tls";
    }
  }
  return peer;
}

std::string WorkerUri(absl::string_view worker) {
  return absl::StrCat(kWorkerUriPrefix, worker);
}

std::string WorkerFromUri(absl::string_view uri) {
  return absl::ConsumePrefix(&uri, kWorkerUriPrefix) ? std::string(uri) : "";
}

}  // namespace simclr
