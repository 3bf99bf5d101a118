#pragma once

#include <grpcpp/security/auth_context.h>
#include <grpcpp/server_context.h>

#include <string>

#include "absl/strings/string_view.h"

namespace simclr {

// Who calls, as far as the transport knows.
struct Peer {
  std::string
      worker;         // of a verified client certificate with the URI name simclr://worker/<name>; else empty
  std::string token;  // of `authorization: Bearer <token>`; else empty. A secret: never log it
  std::string address;     // for logs
  bool encrypted = false;  // TLS; false on a loopback port without certificates and on a Unix socket
};

// Works for blocking and callback contexts alike. Thread-safe.
Peer ReadPeer(const grpc::ServerContextBase& context);

// The URI name that a worker's certificate carries, and back ("" where `uri` is another one).
std::string WorkerUri(absl::string_view worker);
std::string WorkerFromUri(absl::string_view uri);

}  // namespace simclr
