#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/crypto/certificates.h"
#include "common/rpc/credentials.h"

namespace simclr::bench {

// Certificates of one cluster and tokens of its people, as files below a directory. Not thread-safe.
class BenchPki {
 public:
  // `people` users with a token each; the first is an operator.
  static absl::StatusOr<BenchPki> Create(const std::string& directory, int people);

  const TlsFiles& coordinator() const { return coordinator_; }
  TlsFiles person() const { return {.ca = coordinator_.ca, .certificate = "", .key = ""}; }
  const std::string& token(std::size_t person) const { return tokens_[person]; }
  std::string tokens_file() const;    // the coordinator's: names, roles, hashes
  std::string operator_file() const;  // the first person's token
  // A certificate for the agent of that name, made anew where there is none yet.
  absl::StatusOr<TlsFiles> Worker(const std::string& name);

 private:
  BenchPki(std::string directory, KeyPair ca) : directory_(std::move(directory)), ca_(std::move(ca)) {}
  absl::StatusOr<TlsFiles> Issue(const CertificateRequest& request) const;

  std::string directory_;
  KeyPair ca_;
  TlsFiles coordinator_;
  std::vector<std::string> tokens_;
};

}  // namespace simclr::bench
