#pragma once

#include <gtest/gtest.h>

#include <string>

#include "absl/time/clock.h"
#include "common/base/file_system.h"
#include "common/crypto/certificates.h"
#include "common/rpc/credentials.h"
#include "common/rpc/peer.h"

namespace simclr {

// A CA with a server certificate for loopback and one certificate a worker, as files below a directory of the
// test.
class TestPki {
 public:
  explicit TestPki(const std::string& directory)
      : directory_(directory), ca_(MakeCa("test", absl::Now()).value()) {
    EXPECT_TRUE(PosixFileSystem().MakeDirectories(directory_).ok());
    Write("ca.crt", ca_.certificate);
  }

  TlsFiles Server() {
    CertificateRequest request;
    request.common_name = "server";
    request.dns_names = {"localhost"};
    request.ip_addresses = {"127.0.0.1"};
    return Issue(request);
  }

  TlsFiles Worker(const std::string& name) {
    CertificateRequest request;
    request.common_name = name;
    request.uris = {WorkerUri(name)};
    return Issue(request);
  }

  TlsFiles Person() const { return {.ca = JoinPath(directory_, "ca.crt"), .certificate = "", .key = ""}; }

 private:
  void Write(const std::string& name, const std::string& text) {
    EXPECT_TRUE(PosixFileSystem().Write(JoinPath(directory_, name), text).ok());
  }

  TlsFiles Issue(const CertificateRequest& request) {
    const std::string& name = request.common_name;
    const KeyPair pair = IssueCertificate(ca_, request, absl::Now()).value();
    Write(name + ".crt", pair.certificate);
    Write(name + ".key", pair.key);
    return {.ca = JoinPath(directory_, "ca.crt"),
            .certificate = JoinPath(directory_, name + ".crt"),
            .key = JoinPath(directory_, name + ".key")};
  }

  const std::string directory_;
  const KeyPair ca_;
};

}  // namespace simclr
