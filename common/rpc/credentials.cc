#include "common/rpc/credentials.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/clock.h"
#include "common/base/status_macros.h"

namespace simclr {
namespace {

absl::Status CheckPlaintext(absl::string_view address) {
  if (IsLocalAddress(address)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("plaintext is refused on ", address,
                   ", which is not a loopback address; give CA, certificate and key, or use 127.0.0.1"));
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const TlsFiles& files, const std::string& listen_address) {
  if (files.empty()) {
    SIMCLR_RETURN_IF_ERROR(CheckPlaintext(listen_address));
    return grpc::InsecureServerCredentials();
  }
  SIMCLR_RETURN_IF_ERROR(CheckServerFiles(files));
  SIMCLR_ASSIGN_OR_RETURN(const TlsMaterial material, ReadTls(files));
  SIMCLR_RETURN_IF_ERROR(CheckPair(material, files, RealClock().Now()));
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = material.ca;
  options.pem_key_cert_pairs = {{material.own.key, material.own.certificate}};
  return grpc::SslServerCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(const TlsFiles& files,
                                                                                 const std::string& target) {
  if (files.empty()) {
    SIMCLR_RETURN_IF_ERROR(CheckPlaintext(target));
    return grpc::InsecureChannelCredentials();
  }
  SIMCLR_ASSIGN_OR_RETURN(const TlsMaterial material, ReadTls(files));
  SIMCLR_RETURN_IF_ERROR(CheckPair(material, files, RealClock().Now()));
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = material.ca;
  options.pem_cert_chain = material.own.certificate;
  options.pem_private_key = material.own.key;
  return grpc::SslCredentials(options);
}

void SetBearerToken(grpc::ClientContext& context, absl::string_view token) {
  if (!token.empty()) context.AddMetadata("authorization", absl::StrCat("Bearer ", token));
}

bool IsLocalAddress(absl::string_view address) {
  if (absl::StartsWith(address, "unix:")) return true;
  absl::string_view host = address.substr(0, address.rfind(':'));
  if (absl::ConsumePrefix(&host, "[")) absl::ConsumeSuffix(&host, "]");
  // A full dotted quad: "127.example.org" is a name, not a loopback address.
  const bool quad = host.find_first_not_of("0123456789.") == absl::string_view::npos;
  return host == "localhost" || host == "::1" || (absl::StartsWith(host, "127.") && quad);
}

}  // namespace simclr
