#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/rpc/tls_files.h"

namespace simclr {

// TLS that asks for a client certificate and verifies one that is given, but serves people without one too:
// agents (certificate) and people (token) share a port, and the role table decides. INVALID_ARGUMENT for a
// pair that is not sound (see CheckPair), or for plaintext on anything but loopback; the error of a file that
// cannot be read.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const TlsFiles& files, const std::string& listen_address);

// TLS against `files.ca`, with the own certificate where one is given; plaintext under the same rule as
// above.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(const TlsFiles& files,
                                                                                 const std::string& target);

// Sends `authorization: Bearer <token>` with the call; does nothing for an empty token.
void SetBearerToken(grpc::ClientContext& context, absl::string_view token);

// Whether "host:port" or "unix:path" can be reached from this machine alone. Pure; names are not resolved.
bool IsLocalAddress(absl::string_view address);

}  // namespace simclr
