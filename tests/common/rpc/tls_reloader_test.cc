#include "common/rpc/tls_reloader.h"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "absl/time/clock.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/rpc/status_convert.h"
#include "simclr/v1/cluster_service.grpc.pb.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/test_pki.h"

namespace simclr {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(20);

// Answers with the name of the caller's certificate.
class NameService : public v1::ClusterService::Service {
  grpc::Status GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest*,
                         v1::ClusterStatus* status) override {
    status->set_cluster_id(ReadPeer(*context).worker);
    return grpc::Status::OK;
  }
};

absl::StatusOr<std::string> Ask(const std::shared_ptr<grpc::Channel>& channel) {
  const auto stub = v1::ClusterService::NewStub(channel);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(5)));
  v1::ClusterStatus answer;
  const grpc::Status status = stub->GetStatus(&context, {}, &answer);
  if (!status.ok()) return FromGrpc(status);
  return answer.cluster_id();
}

template <typename Condition>
bool ComesTrue(const Condition& condition) {
  const absl::Time end = absl::Now() + kPatience;
  while (absl::Now() < end) {
    if (condition()) return true;
  }
  return false;
}

class TlsReloaderTest : public ::testing::Test {
 protected:
  TlsReloaderTest() { clock_.JumpWall(absl::Now() - clock_.Now()); }  // to the time of the certificates

  void Open(const TlsFiles& files) {
    auto opened = TlsReloader::Open(files, private_, clock_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    reloader_ = *std::move(opened);
  }
  std::unique_ptr<RpcServer> Serve(absl::Duration max_age = absl::InfiniteDuration()) {
    RpcServerOptions options;
    options.certificates = reloader_.get();
    options.max_connection_age = max_age;
    return RpcServer::Start(options, {&service_}).value();
  }
  static void Copy(const std::string& from, const std::string& to) {
    if (from == to) return;
    std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
  }
  static void Copy(const TlsFiles& from, const TlsFiles& to) {
    Copy(from.ca, to.ca);
    Copy(from.certificate, to.certificate);
    Copy(from.key, to.key);
  }
  std::string Published(const std::string& name) const {
    return PosixFileSystem().Read(private_ + "/current/" + name).value();
  }

  const TemporaryDirectory directory_;
  const std::string private_ = directory_ / "private";
  TestPki pki_{directory_ / "a"};
  TestPki other_{directory_ / "b"};
  FakeClock clock_;
  NameService service_;
  std::unique_ptr<TlsReloader> reloader_;
};

TEST_F(TlsReloaderTest, NewConnectionsUseWhatTheFilesHoldByThen) {
  const TlsFiles files = pki_.Server();
  TlsFiles old_ca;
  old_ca.ca = directory_ / "old.crt";
  Copy(files.ca, old_ca.ca);
  Open(files);
  const auto server = Serve();
  const auto open = MakeChannel(server->address(), old_ca).value();
  ASSERT_TRUE(Ask(open).ok());
  Copy(other_.Server(), files);
  reloader_->Look();
  EXPECT_TRUE(ComesTrue([&] { return Ask(MakeChannel(server->address(), other_.Person()).value()).ok(); }));
  EXPECT_FALSE(Ask(MakeChannel(server->address(), old_ca).value()).ok());
  EXPECT_TRUE(Ask(open).ok()) << "open connections go on";
}

TEST_F(TlsReloaderTest, WhatIsNotSoundIsNeverTakenOver) {
  const TlsFiles files = pki_.Server(), worker = pki_.Worker("worker-1"), others = other_.Server();
  Open(files);
  const std::string certificate = Published("tls.crt"), key = Published("tls.key");
  Copy(worker.key, files.key);
  reloader_->Look();
  reloader_->Look();
  EXPECT_EQ(Published("tls.key"), key) << "a key of another certificate";
  Copy(others.certificate, files.certificate);
  Copy(others.key, files.key);
  reloader_->Look();
  EXPECT_EQ(Published("tls.crt"), certificate) << "a certificate of an authority that is not trusted";
  std::filesystem::resize_file(files.certificate, 100);
  reloader_->Look();
  std::filesystem::remove(files.key);
  reloader_->Look();
  EXPECT_EQ(Published("tls.crt"), certificate) << "half a file, and no file";
  const auto server = Serve();
  EXPECT_TRUE(Ask(MakeChannel(server->address(), pki_.Person()).value()).ok());
  Copy(worker, files);
  reloader_->Look();
  EXPECT_NE(Published("tls.crt"), certificate) << "until a sound pair is there";
}

TEST_F(TlsReloaderTest, AClientConnectsAnewWithTheCertificateOfThatTime) {
  Open(pki_.Server());
  const auto server = Serve(absl::Milliseconds(200));
  const TlsFiles files = pki_.Worker("worker-1");
  const auto client = TlsReloader::Open(files, directory_ / "client", clock_).value();
  const auto channel = MakeChannel(server->address(), *client).value();
  EXPECT_EQ(Ask(channel).value_or("refused"), "worker-1");
  Copy(pki_.Worker("worker-2"), files);
  client->Look();
  EXPECT_TRUE(ComesTrue([&] { return Ask(channel).value_or("") == "worker-2"; }));
}

TEST_F(TlsReloaderTest, AnExpiredSideSaysSoWithBothTimes) {
  Open(pki_.Server());
  EXPECT_EQ(reloader_->Check(), absl::OkStatus());
  EXPECT_GT(reloader_->expiry().own, clock_.Now() + absl::Hours(24 * 364));
  EXPECT_GT(reloader_->expiry().ca, reloader_->expiry().own);
  const std::string until =
      absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", reloader_->expiry().own, absl::UTCTimeZone());
  clock_.Advance(absl::Hours(24 * 366));
  const absl::Status expired = reloader_->Check();
  EXPECT_EQ(expired.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(expired.message()),
              HasSubstr("server.crt: the certificate has expired at " + until));
  EXPECT_THAT(std::string(expired.message()), HasSubstr(absl::FormatTime("clock says %Y-%m-%d %H:%M:%S UTC",
                                                                         clock_.Now(), absl::UTCTimeZone())));
}

TEST_F(TlsReloaderTest, ItsCopyIsForItsUserAloneAndGoesWithIt) {
  Open(pki_.Server());
  struct stat status {};
  ASSERT_EQ(::stat(private_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, mode_t{0700});
  reloader_.reset();
  EXPECT_FALSE(std::filesystem::exists(private_));
}

TEST_F(TlsReloaderTest, ARefusedStartNamesTheFile) {
  TlsFiles mixed = pki_.Server();
  mixed.key = pki_.Worker("worker-1").key;
  const absl::Status refused = TlsReloader::Open(mixed, private_, clock_).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("server.crt: the private key does not belong"));
  mixed.key = "";
  EXPECT_THAT(std::string(TlsReloader::Open(mixed, private_, clock_).status().message()),
              HasSubstr("one of the two is missing"));
}

}  // namespace
}  // namespace simclr
