#include "common/crypto/certificates.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <algorithm>
#include <ctime>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/crypto/openssl_handles.h"

namespace simclr {
namespace {

using openssl::Certificate;
using openssl::Key;
using openssl::LastError;

constexpr absl::Duration kClockSkew = absl::Hours(1);

// Positive, unpredictable, at most 20 bytes: RFC 5280.
absl::Status SetSerial(X509* certificate) {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) return LastError("draw a serial number");
  bytes[0] &= 0x7f;
  bytes[0] |= 0x40;
  const std::unique_ptr<BIGNUM, openssl::Deleter<BN_free>> number(BN_bin2bn(bytes, sizeof bytes, nullptr));
  if (BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr) {
    return LastError("set a serial number");
  }
  return absl::OkStatus();
}

absl::Status SetTimes(X509* certificate, absl::Time from, absl::Time until) {
  const bool set = ASN1_TIME_set(X509_getm_notBefore(certificate), absl::ToTimeT(from)) != nullptr &&
                   ASN1_TIME_set(X509_getm_notAfter(certificate), absl::ToTimeT(until)) != nullptr;
  return set ? absl::OkStatus() : LastError("set a validity");
}

absl::Status SetCommonName(X509* certificate, const std::string& name) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(name.data());
  if (X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, bytes,
                                 static_cast<int>(name.size()), -1, 0) == 1) {
    return absl::OkStatus();
  }
  ERR_clear_error();
  return absl::InvalidArgumentError(
      absl::StrCat("'", name, "' cannot be a certificate's common name; use 1 to 64 characters"));
}

absl::Status AddExtension(X509* certificate, X509* issuer, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const openssl::Extension extension(X509V3_EXT_conf_nid(nullptr, &context, id, value));
  if (extension == nullptr || X509_add_ext(certificate, extension.get(), -1) != 1) {
    return LastError(absl::StrCat("add the extension ", OBJ_nid2sn(id)));
  }
  return absl::OkStatus();
}

// Built as objects, not as a configuration string, in which a comma of a name would start another name.
absl::Status AddAlternativeName(GENERAL_NAMES* names, int type, const std::string& value) {
  std::unique_ptr<GENERAL_NAME, openssl::Deleter<GENERAL_NAME_free>> name(
      a2i_GENERAL_NAME(nullptr, nullptr, nullptr, type, value.c_str(), 0));
  if (name == nullptr) {
    ERR_clear_error();
    return absl::InvalidArgumentError(absl::StrCat(
        "'", value, "' is no ", type == GEN_IPADD ? "IP address" : "name", " that a certificate can carry"));
  }
  sk_GENERAL_NAME_push(names, name.release());
  return absl::OkStatus();
}

absl::Status AddAlternativeNames(X509* certificate, const CertificateRequest& request) {
  const openssl::GeneralNames names(sk_GENERAL_NAME_new_null());
  for (const auto& dns : request.dns_names)
    SIMCLR_RETURN_IF_ERROR(AddAlternativeName(names.get(), GEN_DNS, dns));
  for (const auto& ip : request.ip_addresses)
    SIMCLR_RETURN_IF_ERROR(AddAlternativeName(names.get(), GEN_IPADD, ip));
  for (const auto& uri : request.uris) SIMCLR_RETURN_IF_ERROR(AddAlternativeName(names.get(), GEN_URI, uri));
  if (sk_GENERAL_NAME_num(names.get()) == 0) return absl::OkStatus();
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) != 1) {
    return LastError("add the alternative names");
  }
  return absl::OkStatus();
}

// A certificate with everything but the extensions, the issuer and the signature.
absl::StatusOr<Certificate> NewCertificate(const std::string& common_name, EVP_PKEY* key, absl::Time now,
                                           absl::Duration validity) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  SIMCLR_RETURN_IF_ERROR(SetSerial(certificate.get()));
  SIMCLR_RETURN_IF_ERROR(SetTimes(certificate.get(), now - kClockSkew, now + validity));
  SIMCLR_RETURN_IF_ERROR(SetCommonName(certificate.get(), common_name));
  if (X509_set_pubkey(certificate.get(), key) != 1) return LastError("set a public key");
  return certificate;
}

absl::StatusOr<KeyPair> SignAndWrite(X509* certificate, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
  if (X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) != 1)
    return LastError("set an issuer");
  if (X509_sign(certificate, issuer_key, EVP_sha256()) == 0) return LastError("sign a certificate");
  KeyPair pair;
  SIMCLR_ASSIGN_OR_RETURN(pair.certificate, openssl::ToPem(certificate));
  SIMCLR_ASSIGN_OR_RETURN(pair.key, openssl::ToPem(key));
  return pair;
}

absl::StatusOr<absl::Time> ToTime(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) == 1) return absl::FromTimeT(::timegm(&parts));
  ERR_clear_error();
  return absl::InvalidArgumentError("a date of the certificate cannot be read");
}

absl::Status CheckDates(const X509* certificate, absl::Time now) {
  SIMCLR_ASSIGN_OR_RETURN(const absl::Time from, ToTime(X509_get0_notBefore(certificate)));
  SIMCLR_ASSIGN_OR_RETURN(const absl::Time until, ToTime(X509_get0_notAfter(certificate)));
  const auto text = [](absl::Time time) {
    return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone());
  };
  if (now < from) {
    return absl::InvalidArgumentError(absl::StrCat("the certificate is not valid yet: it begins at ",
                                                   text(from), ", and this machine's clock says ", text(now),
                                                   "; check the clock"));
  }
  if (now <= until) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the certificate has expired at ", text(until),
                                                 ", and this machine's clock says ", text(now),
                                                 "; issue a new one"));
}

}  // namespace

absl::StatusOr<KeyPair> MakeCa(const std::string& common_name, absl::Time now, absl::Duration validity) {
  const Key key(EVP_EC_gen("P-256"));
  if (key == nullptr) return LastError("make a key");
  SIMCLR_ASSIGN_OR_RETURN(const Certificate certificate,
                          NewCertificate(common_name, key.get(), now, validity));
  X509* ca = certificate.get();
  SIMCLR_RETURN_IF_ERROR(AddExtension(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"));
  SIMCLR_RETURN_IF_ERROR(AddExtension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign"));
  SIMCLR_RETURN_IF_ERROR(AddExtension(ca, ca, NID_subject_key_identifier, "hash"));
  return SignAndWrite(ca, key.get(), ca, key.get());
}

absl::StatusOr<KeyPair> IssueCertificate(const KeyPair& ca, const CertificateRequest& request,
                                         absl::Time now) {
  SIMCLR_ASSIGN_OR_RETURN(const Certificate issuer, openssl::ParseCertificate(ca.certificate));
  SIMCLR_ASSIGN_OR_RETURN(const Key issuer_key, openssl::ParseKey(ca.key));
  const Key key(EVP_EC_gen("P-256"));
  if (key == nullptr) return LastError("make a key");
  SIMCLR_ASSIGN_OR_RETURN(const Certificate certificate,
                          NewCertificate(request.common_name, key.get(), now, request.validity));
  X509* leaf = certificate.get();
  SIMCLR_RETURN_IF_ERROR(AddExtension(leaf, issuer.get(), NID_basic_constraints, "critical,CA:FALSE"));
  SIMCLR_RETURN_IF_ERROR(AddExtension(leaf, issuer.get(), NID_key_usage, "critical,digitalSignature"));
  SIMCLR_RETURN_IF_ERROR(AddExtension(leaf, issuer.get(), NID_ext_key_usage, "serverAuth,clientAuth"));
  SIMCLR_RETURN_IF_ERROR(AddExtension(leaf, issuer.get(), NID_subject_key_identifier, "hash"));
  SIMCLR_RETURN_IF_ERROR(AddExtension(leaf, issuer.get(), NID_authority_key_identifier, "keyid:always"));
  SIMCLR_RETURN_IF_ERROR(AddAlternativeNames(leaf, request));
  return SignAndWrite(leaf, key.get(), issuer.get(), issuer_key.get());
}

absl::Status CheckKeyPair(absl::string_view certificate, absl::string_view key, absl::Time now) {
  SIMCLR_ASSIGN_OR_RETURN(const Certificate parsed, openssl::ParseCertificate(certificate));
  SIMCLR_ASSIGN_OR_RETURN(const Key private_key, openssl::ParseKey(key));
  if (X509_check_private_key(parsed.get(), private_key.get()) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError(
        "the private key does not belong to the certificate; replace both together");
  }
  return CheckDates(parsed.get(), now);
}

absl::Status CheckCertificates(absl::string_view pem) {
  return EarliestExpiry(pem).status();
}

absl::StatusOr<absl::Time> EarliestExpiry(absl::string_view pem) {
  const openssl::Bio bio = openssl::ReadOnlyBio(pem);
  absl::Time earliest = absl::InfiniteFuture();
  int count = 0;
  while (const auto certificate = Certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr))) {
    const absl::StatusOr<absl::Time> expiry = ToTime(X509_get0_notAfter(certificate.get()));
    if (!expiry.ok()) break;
    earliest = std::min(earliest, *expiry);
    ++count;
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (count > 0 && at_end) return earliest;
  return absl::InvalidArgumentError(absl::StrCat("PEM certificate ", count + 1, " cannot be read"));
}

}  // namespace simclr
