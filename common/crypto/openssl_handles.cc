#include "common/crypto/openssl_handles.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "absl/strings/str_cat.h"

namespace simclr::openssl {
namespace {

// The default callback asks for a passphrase on the terminal; an encrypted key is an error here.
int NoPassphrase(char*, int, int, void*) {
  return 0;
}

std::string Contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

}  // namespace

absl::Status LastError(absl::string_view doing) {
  char text[256] = "unknown reason";
  if (const unsigned long code = ERR_get_error(); code != 0) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return absl::InternalError(absl::StrCat("cannot ", doing, ": ", text));
}

Bio ReadOnlyBio(absl::string_view bytes) {
  return Bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

absl::StatusOr<Certificate> ParseCertificate(absl::string_view pem) {
  const Bio bio = ReadOnlyBio(pem);
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr));
  if (certificate != nullptr) return certificate;
  ERR_clear_error();
  return absl::InvalidArgumentError("not a PEM certificate; expected -----BEGIN CERTIFICATE-----");
}

absl::StatusOr<Key> ParseKey(absl::string_view pem) {
  const Bio bio = ReadOnlyBio(pem);
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  if (key != nullptr) return key;
  ERR_clear_error();
  return absl::InvalidArgumentError(
      "not an unencrypted PEM private key; expected -----BEGIN PRIVATE KEY-----");
}

absl::StatusOr<std::string> ToPem(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(bio.get(), certificate) != 1) return LastError("write a certificate");
  return Contents(bio.get());
}

absl::StatusOr<std::string> ToPem(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return LastError("write a private key");
  }
  return Contents(bio.get());
}

}  // namespace simclr::openssl
