#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/crypto/certificates.h"

namespace simclr {

// PEM files. All empty: plaintext, which is allowed on loopback addresses and Unix sockets only.
struct TlsFiles {
  std::string ca;           // who is trusted
  std::string certificate;  // own; a server needs it, a client has one only if it is an agent
  std::string key;

  bool empty() const { return ca.empty() && certificate.empty() && key.empty(); }
};

// What they hold.
struct TlsMaterial {
  std::string ca;
  KeyPair own;  // empty: a client without a certificate

  bool operator==(const TlsMaterial& other) const {
    return ca == other.ca && own.certificate == other.own.certificate && own.key == other.own.key;
  }
};

// INVALID_ARGUMENT where a file that a server needs is not named. Pure.
absl::Status CheckServerFiles(const TlsFiles& files);

// The files as they are, the own pair where one is named. The error of one that cannot be read names it;
// INVALID_ARGUMENT: the CA, or one of certificate and key, is not named.
absl::StatusOr<TlsMaterial> ReadTls(const TlsFiles& files);

// OK if authorities can be read, and the own pair, where there is one, belongs together and is valid at
// `now`. INVALID_ARGUMENT names the file of `files` and what is wrong. Pure.
absl::Status CheckPair(const TlsMaterial& material, const TlsFiles& files, absl::Time now);

// The same, and the own certificate leads to one of the authorities, as it does where a cluster has one
// authority. Pure.
absl::Status CheckTls(const TlsMaterial& material, const TlsFiles& files, absl::Time now);

}  // namespace simclr
