#include "common/crypto/certificate_chain.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/crypto/openssl_handles.h"

namespace simclr {
namespace {

void FreeAll(STACK_OF(X509) * certificates) {
  sk_X509_pop_free(certificates, X509_free);
}

using Certificates = std::unique_ptr<STACK_OF(X509), openssl::Deleter<FreeAll>>;

Certificates ParseAll(absl::string_view pem) {
  const openssl::Bio bio = openssl::ReadOnlyBio(pem);
  Certificates all(sk_X509_new_null());
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    sk_X509_push(all.get(), certificate);
  }
  ERR_clear_error();
  return all;
}

}  // namespace

absl::Status CheckChain(absl::string_view certificates, absl::string_view authorities) {
  SIMCLR_ASSIGN_OR_RETURN(const openssl::Certificate leaf, openssl::ParseCertificate(certificates));
  const Certificates others = ParseAll(certificates), trusted = ParseAll(authorities);
  const std::unique_ptr<X509_STORE, openssl::Deleter<X509_STORE_free>> store(X509_STORE_new());
  for (int i = 0; i < sk_X509_num(trusted.get()); ++i) {
    X509_STORE_add_cert(store.get(), sk_X509_value(trusted.get(), i));
  }
  const std::unique_ptr<X509_STORE_CTX, openssl::Deleter<X509_STORE_CTX_free>> context(X509_STORE_CTX_new());
  if (X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), others.get()) != 1) {
    return openssl::LastError("check a certificate's chain");
  }
  X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_PARTIAL_CHAIN);
  if (X509_verify_cert(context.get()) == 1) return absl::OkStatus();
  const char* reason = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat("no authority of the CA file has signed the certificate (",
                                                 reason, "); put the CA that issued it into that file"));
}

}  // namespace simclr
