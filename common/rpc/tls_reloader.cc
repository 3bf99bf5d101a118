#include "common/rpc/tls_reloader.h"

#include <grpcpp/security/tls_credentials_options.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/file_system.h"
#include "common/base/logging.h"
#include "common/base/status_macros.h"

namespace simclr {
namespace {

namespace experimental = grpc::experimental;

constexpr char kCurrent[] = "current";  // names the folder of the version in use
constexpr char kCa[] = "ca.crt", kCertificate[] = "tls.crt", kKey[] = "tls.key";
constexpr unsigned kRefreshSeconds = 1;  // gRPC's look at the private copy
constexpr absl::Duration kSayExpiredEvery = absl::Hours(1);

absl::Status MakePrivateDirectory(const std::string& path) {
  SIMCLR_RETURN_IF_ERROR(PosixFileSystem().RemoveAll(path));
  SIMCLR_RETURN_IF_ERROR(
      PosixFileSystem().MakeDirectories(std::filesystem::path(path).parent_path().string()));
  if (::mkdir(path.c_str(), 0700) == 0) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat("cannot make ", path, ": ", std::strerror(errno)));
}

absl::Time ExpiryOf(const std::string& pem) {
  const absl::StatusOr<absl::Time> expiry = EarliestExpiry(pem);
  return expiry.ok() ? *expiry : absl::InfiniteFuture();
}

std::string Version(int number) {
  return absl::StrCat("v", number);
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsReloader>> TlsReloader::Open(const TlsFiles& files,
                                                               const std::string& directory,
                                                               const Clock& clock) {
  std::unique_ptr<TlsReloader> reloader(new TlsReloader(files, directory, clock));
  SIMCLR_RETURN_IF_ERROR(MakePrivateDirectory(directory));
  SIMCLR_RETURN_IF_ERROR(reloader->TakeOver(CheckPair).status());
  const std::string current = JoinPath(directory, kCurrent);
  const bool own = !files.key.empty();
  reloader->provider_ = std::make_shared<experimental::FileWatcherCertificateProvider>(
      own ? JoinPath(current, kKey) : "", own ? JoinPath(current, kCertificate) : "", JoinPath(current, kCa),
      kRefreshSeconds);
  return reloader;
}

TlsReloader::~TlsReloader() {
  provider_.reset();
  (void)PosixFileSystem().RemoveAll(directory_);
}

void TlsReloader::Look() {
  const absl::StatusOr<bool> taken = TakeOver(CheckTls);
  if (taken.ok() && *taken) {
    LogInfo("new certificates are in use",
            {{"certificate", files_.certificate},
             {"valid_until", absl::FormatTime(expiry().own, absl::UTCTimeZone())}});
  }
  refused_ = !taken.ok();
  const std::string problem(taken.status().message());
  if (problem_.ShouldSay(problem)) {
    LogWarning("the certificates on disk are not taken over; those of before stay in use",
               {{"cause", problem}});
  }
  SayExpired();
}

absl::StatusOr<bool> TlsReloader::TakeOver(SoundCheck check) {
  SIMCLR_ASSIGN_OR_RETURN(const TlsMaterial material, ReadTls(files_));
  {
    absl::MutexLock lock(&mutex_);
    if (material == used_) return false;
  }
  SIMCLR_RETURN_IF_ERROR(check(material, files_, clock_.Now()));
  SIMCLR_RETURN_IF_ERROR(Publish(material));
  absl::MutexLock lock(&mutex_);
  used_ = material;
  return true;
}

// gRPC reads all files of one version, or all of another: a link is what changes. It may be reading those of
// the version before, which therefore stays until the next one.
absl::Status TlsReloader::Publish(const TlsMaterial& material) {
  FileSystem& files = PosixFileSystem();
  const std::string name = Version(version_ + 1), folder = JoinPath(directory_, name);
  SIMCLR_RETURN_IF_ERROR(MakePrivateDirectory(folder));
  SIMCLR_RETURN_IF_ERROR(files.Write(JoinPath(folder, kCa), material.ca));
  SIMCLR_RETURN_IF_ERROR(files.Write(JoinPath(folder, kCertificate), material.own.certificate));
  SIMCLR_RETURN_IF_ERROR(files.Write(JoinPath(folder, kKey), material.own.key));
  const std::string next = JoinPath(directory_, "next");
  std::error_code error;
  std::filesystem::remove(next, error);
  std::filesystem::create_directory_symlink(name, next, error);
  if (error) return absl::InternalError(absl::StrCat("cannot make ", next, ": ", error.message()));
  SIMCLR_RETURN_IF_ERROR(files.Rename(next, JoinPath(directory_, kCurrent)));
  ++version_;
  return files.RemoveAll(JoinPath(directory_, Version(version_ - 2)));
}

void TlsReloader::SayExpired() {
  const absl::Status valid = Check();
  const absl::Duration now = clock_.Monotonic();
  if (valid.ok() || now - said_expired_ < kSayExpiredEvery) return;
  said_expired_ = now;
  LogError("the own certificate is not valid; others refuse it", {{"cause", std::string(valid.message())}});
}

TlsReloader::Expiry TlsReloader::expiry() const {
  absl::MutexLock lock(&mutex_);
  Expiry expiry;
  expiry.ca = ExpiryOf(used_.ca);
  if (!used_.own.certificate.empty()) expiry.own = ExpiryOf(used_.own.certificate);
  return expiry;
}

absl::Status TlsReloader::Check() const {
  absl::MutexLock lock(&mutex_);
  if (used_.own.certificate.empty()) return absl::OkStatus();
  const absl::Status valid = CheckKeyPair(used_.own.certificate, used_.own.key, clock_.Now());
  if (valid.ok()) return valid;
  return absl::FailedPreconditionError(absl::StrCat(files_.certificate, ": ", valid.message()));
}

std::shared_ptr<grpc::ServerCredentials> TlsReloader::ServerCredentials() const {
  experimental::TlsServerCredentialsOptions options(provider_);
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  return experimental::TlsServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> TlsReloader::ChannelCredentials() const {
  experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(provider_);
  options.watch_root_certs();
  if (!files_.key.empty()) options.watch_identity_key_cert_pairs();
  return experimental::TlsCredentials(options);
}

}  // namespace simclr
