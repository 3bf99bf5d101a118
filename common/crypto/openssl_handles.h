#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace simclr::openssl {

// Owners of the library's objects and their PEM forms; for common/crypto alone.
template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;
using GeneralNames = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;

// The library's own words for what failed last on this thread; clears its queue.
absl::Status LastError(absl::string_view doing);

Bio ReadOnlyBio(absl::string_view bytes);

// The first certificate or the key of `pem`.
absl::StatusOr<Certificate> ParseCertificate(absl::string_view pem);
absl::StatusOr<Key> ParseKey(absl::string_view pem);

absl::StatusOr<std::string> ToPem(X509* certificate);
absl::StatusOr<std::string> ToPem(EVP_PKEY* key);

}  // namespace simclr::openssl
