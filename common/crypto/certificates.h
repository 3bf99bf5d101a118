#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace simclr {

// A certificate and its private key (EC P-256), both PEM. The key is a secret: files of mode 0600.
struct KeyPair {
  std::string certificate;
  std::string key;
};

struct CertificateRequest {
  std::string common_name;
  std::vector<std::string> dns_names;     // subject alternative names, each kind
  std::vector<std::string> ip_addresses;  // textual IPv4 or IPv6
  std::vector<std::string> uris;          // for example simclr://worker/worker-1
  absl::Duration validity = absl::Hours(24 * 365);
};

// A self-signed certificate authority. Valid from an hour before `now`, so that clocks may differ a little.
absl::StatusOr<KeyPair> MakeCa(const std::string& common_name, absl::Time now,
                               absl::Duration validity = absl::Hours(24 * 3650));

// A certificate signed by `ca`, for servers and clients alike. INVALID_ARGUMENT names a bad address or key.
absl::StatusOr<KeyPair> IssueCertificate(const KeyPair& ca, const CertificateRequest& request,
                                         absl::Time now);

// OK if both parse, belong together, and the certificate is valid at `now`; else INVALID_ARGUMENT says which
// fails. (gRPC takes a wrong pair without a word and then fails every handshake.)
absl::Status CheckKeyPair(absl::string_view certificate, absl::string_view key, absl::Time now);

// OK if `pem` holds at least one certificate and all of them parse.
absl::Status CheckCertificates(absl::string_view pem);

// When the first of the certificates in `pem` expires. INVALID_ARGUMENT like CheckCertificates.
absl::StatusOr<absl::Time> EarliestExpiry(absl::string_view pem);

}  // namespace simclr
