#include "common/rpc/tls_files.h"

#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"
#include "common/crypto/certificate_chain.h"

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

}  // namespace

absl::Status CheckServerFiles(const TlsFiles& files) {
  if (files.ca.empty()) return absl::InvalidArgumentError("TLS needs a CA file besides certificate and key");
  if (!files.certificate.empty() && !files.key.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("TLS needs a certificate file and a key file; one of the two is missing");
}

absl::StatusOr<TlsMaterial> ReadTls(const TlsFiles& files) {
  const bool own = !files.certificate.empty() || !files.key.empty();
  if (own || files.ca.empty()) SIMCLR_RETURN_IF_ERROR(CheckServerFiles(files));
  TlsMaterial material;
  SIMCLR_ASSIGN_OR_RETURN(material.ca, ReadPem(files.ca, "CA"));
  if (!own) return material;
  SIMCLR_ASSIGN_OR_RETURN(material.own.certificate, ReadPem(files.certificate, "certificate"));
  SIMCLR_ASSIGN_OR_RETURN(material.own.key, ReadPem(files.key, "key"));
  return material;
}

absl::Status CheckPair(const TlsMaterial& material, const TlsFiles& files, absl::Time now) {
  SIMCLR_RETURN_IF_ERROR(Annotate(CheckCertificates(material.ca), files.ca));
  if (files.key.empty()) return absl::OkStatus();
  return Annotate(CheckKeyPair(material.own.certificate, material.own.key, now), files.certificate);
}

absl::Status CheckTls(const TlsMaterial& material, const TlsFiles& files, absl::Time now) {
  SIMCLR_RETURN_IF_ERROR(CheckPair(material, files, now));
  if (files.key.empty()) return absl::OkStatus();
  return Annotate(CheckChain(material.own.certificate, material.ca), files.certificate);
}

}  // namespace simclr
