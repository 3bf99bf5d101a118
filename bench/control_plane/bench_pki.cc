#include "bench/control_plane/bench_pki.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/file_system.h"
#include "common/base/status_macros.h"
#include "common/crypto/token.h"
#include "common/rpc/peer.h"

namespace simclr::bench {

absl::StatusOr<BenchPki> BenchPki::Create(const std::string& directory, int people) {
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().MakeDirectories(directory));
  SIMCLR_ASSIGN_OR_RETURN(KeyPair ca, MakeCa("bench", absl::Now()));
  BenchPki pki(directory, std::move(ca));
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().Write(JoinPath(directory, "ca.crt"), pki.ca_.certificate));
  CertificateRequest request;
  request.common_name = "coordinator";
  request.dns_names = {"localhost"};
  request.ip_addresses = {"127.0.0.1"};
  SIMCLR_ASSIGN_OR_RETURN(pki.coordinator_, pki.Issue(request));
  std::string lines;
  for (int person = 0; person < people; ++person) {
    SIMCLR_ASSIGN_OR_RETURN(std::string token, MakeToken());
    absl::StrAppend(&lines, "bench-", person, person == 0 ? " operator " : " user ", HashToken(token), "\n");
    pki.tokens_.push_back(std::move(token));
  }
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().Write(pki.tokens_file(), lines));
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().Write(pki.operator_file(), pki.tokens_[0]));
  return pki;
}

std::string BenchPki::tokens_file() const {
  return JoinPath(directory_, "tokens");
}

std::string BenchPki::operator_file() const {
  return JoinPath(directory_, "operator");
}

absl::StatusOr<TlsFiles> BenchPki::Worker(const std::string& name) {
  CertificateRequest request;
  request.common_name = name;
  request.uris = {WorkerUri(name)};
  return Issue(request);
}

absl::StatusOr<TlsFiles> BenchPki::Issue(const CertificateRequest& request) const {
  const TlsFiles files{.ca = JoinPath(directory_, "ca.crt"),
                       .certificate = JoinPath(directory_, request.common_name + ".crt"),
                       .key = JoinPath(directory_, request.common_name + ".key")};
  if (PosixFileSystem().Exists(files.certificate)) return files;
  SIMCLR_ASSIGN_OR_RETURN(const KeyPair pair, IssueCertificate(ca_, request, absl::Now()));
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().Write(files.key, pair.key));
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().Write(files.certificate, pair.certificate));
  return files;
}

}  // namespace simclr::bench
