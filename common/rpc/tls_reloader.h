#pragma once

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>

#include <atomic>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/persistent_problem.h"
#include "common/rpc/tls_files.h"

namespace simclr {

// Certificates that may change while the program runs: new connections use what the files hold by then. gRPC
// alone takes over whatever it finds, also a certificate with the key of another, and fails every handshake
// then. So it watches a private copy, which changes only to what passes CheckTls; until then what was there
// stays in use. Thread-safe.
class TlsReloader {
 public:
  // What the first of the certificates in use expires, by role.
  struct Expiry {
    absl::Time own = absl::InfiniteFuture();
    absl::Time ca = absl::InfiniteFuture();
  };

  // `directory` becomes the private one, with what it holds; only this user may enter it. Errors as of
  // ReadTls and CheckPair, and those of the file system.
  static absl::StatusOr<std::unique_ptr<TlsReloader>> Open(const TlsFiles& files,
                                                           const std::string& directory, const Clock& clock);
  ~TlsReloader();  // removes the directory

  // Takes over files that have changed and are sound; says in the log that it did, or why it does not. To be
  // called now and again by one thread.
  void Look();
  // Whether the files, when they were looked at last, were not sound.
  bool refused() const { return refused_; }

  Expiry expiry() const;
  // FAILED_PRECONDITION where the own certificate is not valid now, with its time and this machine's.
  absl::Status Check() const;

  // As MakeServerCredentials and MakeChannelCredentials, for connections from now on. They may outlive this
  // object, and then change no more.
  std::shared_ptr<grpc::ServerCredentials> ServerCredentials() const;
  std::shared_ptr<grpc::ChannelCredentials> ChannelCredentials() const;

 private:
  TlsReloader(const TlsFiles& files, std::string directory, const Clock& clock)
      : files_(files), directory_(std::move(directory)), clock_(clock) {}

  using SoundCheck = absl::Status (*)(const TlsMaterial&, const TlsFiles&, absl::Time);

  // Reads, checks and, where it is new, publishes; true: it was.
  absl::StatusOr<bool> TakeOver(SoundCheck check);
  absl::Status Publish(const TlsMaterial& material);
  void SayExpired();

  const TlsFiles files_;
  const std::string directory_;
  const Clock& clock_;
  PersistentProblem problem_;
  std::atomic<bool> refused_ = false;
  int version_ = 0;  // of what is published
  absl::Duration said_expired_ = -absl::InfiniteDuration();

  mutable absl::Mutex mutex_;
  TlsMaterial used_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<grpc::experimental::CertificateProviderInterface> provider_;  // reads the directory
};

}  // namespace simclr
