#include "common/rpc/credentials.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/clock.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"
#include "common/crypto/certificates.h"

namespace simclr {
namespace {

constexpr std::size_t kMaxPemBytes = 1 << 20;

absl::Status Annotate(const absl::Status& status, absl::string_view where) {
  return status.ok() ? status : absl::InvalidArgumentError(absl::StrCat(where, ": ", status.message()));
}

absl::StatusOr<std::string> ReadPem(const std::string& path, absl::string_view what) {
  absl::StatusOr<std::string> bytes = ReadSmallFile(path, kMaxPemBytes);
  if (bytes.ok()) return bytes;
  return absl::Status(bytes.status().code(), absl::StrCat(what, ": ", bytes.status().message()));
}

absl::StatusOr<std::string> ReadCa(const TlsFiles& files) {
  if (files.ca.empty()) return absl::InvalidArgumentError("TLS needs a CA file besides certificate and key");
  SIMCLR_ASSIGN_OR_RETURN(std::string ca, ReadPem(files.ca, "CA"));
  SIMCLR_RETURN_IF_ERROR(Annotate(CheckCertificates(ca), files.ca));
  return ca;
}

absl::StatusOr<KeyPair> ReadKeyPair(const TlsFiles& files) {
  if (files.certificate.empty() || files.key.empty()) {
    return absl::InvalidArgumentError(
        "TLS needs a certificate file and a key file; one of the two is missing");
  }
  KeyPair pair;
  SIMCLR_ASSIGN_OR_RETURN(pair.certificate, ReadPem(files.certificate, "certificate"));
  SIMCLR_ASSIGN_OR_RETURN(pair.key, ReadPem(files.key, "key"));
  SIMCLR_RETURN_IF_ERROR(
      Annotate(CheckKeyPair(pair.certificate, pair.key, RealClock().Now()), files.certificate));
  return pair;
}

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
  SIMCLR_ASSIGN_OR_RETURN(const std::string ca, ReadCa(files));
  SIMCLR_ASSIGN_OR_RETURN(const KeyPair pair, ReadKeyPair(files));
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = ca;
  options.pem_key_cert_pairs = {{pair.key, pair.certificate}};
  return grpc::SslServerCredentials(options);
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> MakeChannelCredentials(const TlsFiles& files,
                                                                                 const std::string& target) {
  if (files.empty()) {
    SIMCLR_RETURN_IF_ERROR(CheckPlaintext(target));
    return grpc::InsecureChannelCredentials();
  }
  grpc::SslCredentialsOptions options;
  SIMCLR_ASSIGN_OR_RETURN(options.pem_root_certs, ReadCa(files));
  if (!files.certificate.empty() || !files.key.empty()) {
    SIMCLR_ASSIGN_OR_RETURN(const KeyPair pair, ReadKeyPair(files));
    options.pem_cert_chain = pair.certificate;
    options.pem_private_key = pair.key;
  }
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
