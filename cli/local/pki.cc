#include "cli/local/pki.h"

#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/crypto/certificates.h"
#include "common/crypto/token.h"
#include "common/rpc/peer.h"

namespace simclr::cli {
namespace {

// A pair that ends sooner is made anew, so that a cluster does not stop in the middle of a job.
constexpr absl::Duration kRenewBefore = absl::Hours(24 * 30);

bool Usable(const std::string& certificate_path, const std::string& key_path, absl::Time now) {
  const absl::StatusOr<std::string> certificate = PosixFileSystem().Read(certificate_path);
  const absl::StatusOr<std::string> key = PosixFileSystem().Read(key_path);
  return certificate.ok() && key.ok() && CheckKeyPair(*certificate, *key, now).ok() &&
         CheckKeyPair(*certificate, *key, now + kRenewBefore).ok();
}

absl::Status Store(const KeyPair& pair, const std::string& certificate_path, const std::string& key_path) {
  SIMCLR_RETURN_IF_ERROR(WriteSecret(key_path, pair.key));
  return WriteAtomically(PosixFileSystem(), certificate_path, pair.certificate);
}

absl::StatusOr<KeyPair> EnsureCa(const ClusterLayout& layout, absl::Time now) {
  FileSystem& files = PosixFileSystem();
  if (!Usable(layout.ca(), layout.ca_key(), now)) {
    SIMCLR_ASSIGN_OR_RETURN(const KeyPair ca, MakeCa("SimCLR local cluster", now));
    SIMCLR_RETURN_IF_ERROR(Store(ca, layout.ca(), layout.ca_key()));
    return ca;
  }
  SIMCLR_ASSIGN_OR_RETURN(const std::string certificate, files.Read(layout.ca()));
  SIMCLR_ASSIGN_OR_RETURN(const std::string key, files.Read(layout.ca_key()));
  return KeyPair{certificate, key};
}

absl::Status EnsureCertificate(const ClusterLayout& layout, const KeyPair& ca, const std::string& name,
                               const CertificateRequest& request, absl::Time now) {
  const TlsFiles tls = layout.Tls(name);
  if (Usable(tls.certificate, tls.key, now)) return absl::OkStatus();
  SIMCLR_ASSIGN_OR_RETURN(const KeyPair pair, IssueCertificate(ca, request, now));
  return Store(pair, tls.certificate, tls.key);
}

// The coordinator's file holds the hash alone: "name role sha256hex".
absl::Status EnsureToken(const ClusterLayout& layout) {
  if (!PosixFileSystem().Exists(layout.token())) {
    SIMCLR_ASSIGN_OR_RETURN(const std::string made, MakeToken());
    SIMCLR_RETURN_IF_ERROR(WriteSecret(layout.token(), made));
  }
  SIMCLR_ASSIGN_OR_RETURN(const std::string token, PosixFileSystem().Read(layout.token()));
  return WriteSecret(layout.tokens(), absl::StrCat("local operator ", HashToken(token), "\n"));
}

}  // namespace

absl::Status WriteSecret(const std::string& path, const std::string& text) {
  const mode_t before = ::umask(0077);
  const absl::Status written = WriteAtomically(PosixFileSystem(), path, text);
  ::umask(before);
  return written;
}

absl::Status EnsurePki(const ClusterLayout& layout, const std::vector<std::string>& workers, absl::Time now) {
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().MakeDirectories(JoinPath(layout.directory, "pki")));
  SIMCLR_ASSIGN_OR_RETURN(const KeyPair ca, EnsureCa(layout, now));
  CertificateRequest coordinator;
  coordinator.common_name = "coordinator";
  coordinator.dns_names = {"localhost"};
  coordinator.ip_addresses = {"127.0.0.1", "::1"};
  SIMCLR_RETURN_IF_ERROR(EnsureCertificate(layout, ca, "coordinator", coordinator, now));
  for (const std::string& name : workers) {
    CertificateRequest worker;
    worker.common_name = name;
    worker.uris = {WorkerUri(name)};
    SIMCLR_RETURN_IF_ERROR(EnsureCertificate(layout, ca, name, worker, now));
  }
  return EnsureToken(layout);
}

}  // namespace simclr::cli
