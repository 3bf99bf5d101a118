#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/rpc/channel.h"
#include "common/rpc/peer.h"
#include "common/rpc/server.h"
#include "common/rpc/status_convert.h"
#include "simclr/v1/cluster_service.grpc.pb.h"
#include "simclr/v1/job_service.grpc.pb.h"
#include "tests/support/tcp_client.h"
#include "tests/support/test_pki.h"

namespace simclr {
namespace {

using ::testing::HasSubstr;

// Answers with what it saw of its peer.
class PeerService : public v1::ClusterService::Service {
  grpc::Status GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest*,
                         v1::ClusterStatus* status) override {
    const Peer peer = ReadPeer(*context);
    status->set_cluster_id(peer.worker);
    status->set_version(peer.token);
    status->set_term(peer.encrypted ? 1 : 0);
    return grpc::Status::OK;
  }
};

absl::StatusOr<v1::ClusterStatus> Ask(const std::string& target, const TlsFiles& tls,
                                      const std::string& token = "") {
  auto channel = MakeChannel(target, tls);
  if (!channel.ok()) return channel.status();
  const auto stub = v1::ClusterService::NewStub(*channel);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(5)));
  SetBearerToken(context, token);
  v1::ClusterStatus answer;
  const grpc::Status status = stub->GetStatus(&context, {}, &answer);
  if (!status.ok()) return FromGrpc(status);
  return answer;
}

class Rpc : public ::testing::Test {
 protected:
  std::unique_ptr<RpcServer> Start(const TlsFiles& tls) {
    auto server = RpcServer::Start({.listen = "127.0.0.1:0", .tls = tls}, {&service_});
    EXPECT_TRUE(server.ok()) << server.status();
    return std::move(*server);
  }

  const std::string directory_ = JoinPath(::testing::TempDir(), "rpc_test_" + std::to_string(::getpid()));
  PeerService service_;
  TestPki pki_{JoinPath(directory_, "a")};
  TestPki other_pki_{JoinPath(directory_, "b")};
};

TEST_F(Rpc, AWorkerIsKnownByItsCertificate) {
  const auto server = Start(pki_.Server());
  const auto answer = Ask(server->address(), pki_.Worker("worker-1"));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->cluster_id(), "worker-1");
  EXPECT_EQ(answer->term(), 1);
}

TEST_F(Rpc, APersonComesWithoutCertificateAndWithToken) {
  const auto server = Start(pki_.Server());
  const auto answer = Ask(server->address(), pki_.Person(), "secret");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->cluster_id(), "");
  EXPECT_EQ(answer->version(), "secret");
}

TEST_F(Rpc, AnotherCaIsRefusedOnEitherSide) {
  const auto server = Start(pki_.Server());
  EXPECT_EQ(Ask(server->address(), other_pki_.Person()).status().code(), absl::StatusCode::kUnavailable);
  TlsFiles mixed = other_pki_.Worker("worker-1");
  mixed.ca = pki_.Person().ca;
  EXPECT_FALSE(Ask(server->address(), mixed).ok());
}

TEST_F(Rpc, PlaintextWorksOnLoopbackAloneAndKnowsNoWorker) {
  const auto server = Start({});
  const auto answer = Ask(server->address(), {}, "secret");
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->version(), "secret");
  EXPECT_EQ(answer->term(), 0);
  EXPECT_THAT(
      std::string(RpcServer::Start({.listen = "0.0.0.0:0", .tls = {}}, {&service_}).status().message()),
      HasSubstr("plaintext is refused on 0.0.0.0:0"));
  EXPECT_FALSE(MakeChannel("example.org:1", {}).ok());
}

TEST_F(Rpc, ServesAtAnIpv6Address) {
  const auto server = RpcServer::Start({.listen = "[::1]:0", .tls = {}}, {&service_});
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_THAT((*server)->address(), testing::StartsWith("[::1]:"));
  EXPECT_TRUE(Ask((*server)->address(), {}, "secret").ok());
}

TEST_F(Rpc, WhatIsNoAddressIsRefusedOnBothSides) {
  for (const std::string address : {"127.0.0.1:99999", "127.0.0.1", "7400", "::1:7400"}) {
    EXPECT_THAT(std::string(RpcServer::Start({.listen = address, .tls = {}}, {&service_}).status().message()),
                HasSubstr("write HOST:PORT"));
    EXPECT_THAT(std::string(MakeChannel(address, {}).status().message()), HasSubstr("write HOST:PORT"));
  }
  EXPECT_THAT(std::string(MakeChannel("127.0.0.1:0", {}).status().message()), HasSubstr("port 0"));
}

TEST_F(Rpc, ATakenPortIsNamed) {
  const auto server = Start({});
  const auto second = RpcServer::Start({.listen = server->address(), .tls = {}}, {&service_});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(server->address()));
}

TEST_F(Rpc, AConnectionThatDoesNotFinishItsHandshakeIsCutOff) {
  const auto server = RpcServer::Start({.tls = {}, .handshake_limit = absl::Milliseconds(100)}, {&service_});
  ASSERT_TRUE(server.ok()) << server.status();
  const TcpClient client((*server)->port(), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  client.ReadUntil();
  EXPECT_TRUE(client.HungUp());
}

TEST_F(Rpc, MoreConnectionsThanItTakesAreRefusedUntilOneHasGone) {
  const auto server = RpcServer::Start({.tls = {}, .acceptor = {.max_connections = 1}}, {&service_});
  ASSERT_TRUE(server.ok()) << server.status();
  {
    const auto channel = MakeChannel((*server)->address(), {}).value();
    ASSERT_TRUE(channel->WaitForConnected(absl::ToChronoTime(absl::Now() + absl::Seconds(20))));
    EXPECT_EQ(Ask((*server)->address(), {}).status().code(), absl::StatusCode::kUnavailable);
    EXPECT_TRUE((*server)->full());
  }
  const absl::Time end = absl::Now() + absl::Seconds(20);
  absl::Status asked;
  do asked = Ask((*server)->address(), {}).status();
  while (!asked.ok() && absl::Now() < end);
  EXPECT_TRUE(asked.ok()) << asked;
}

// Streams one change once it is told to.
class HeldService : public v1::JobService::Service {
 public:
  grpc::Status WatchJobs(grpc::ServerContext*, const v1::WatchJobsRequest*,
                         grpc::ServerWriter<v1::JobChange>* writer) override {
    release.WaitForNotification();
    writer->Write(v1::JobChange());
    return grpc::Status::OK;
  }
  grpc::Status GetJob(grpc::ServerContext* context, const v1::GetJobRequest*, v1::Job* job) override {
    job->set_id(context->peer());
    return grpc::Status::OK;
  }
  absl::Notification release;
};

TEST_F(Rpc, AStreamOutlivesTheAgeOfItsConnection) {
  HeldService held;
  const auto server = RpcServer::Start({.tls = {}, .max_connection_age = absl::Milliseconds(200)}, {&held});
  ASSERT_TRUE(server.ok()) << server.status();
  const auto stub = v1::JobService::NewStub(MakeChannel((*server)->address(), {}).value());
  grpc::ClientContext stream;
  const auto reader = stub->WatchJobs(&stream, {});
  std::set<std::string> connections;
  const absl::Time end = absl::Now() + absl::Seconds(20);
  while (connections.size() < 3 && absl::Now() < end) {
    grpc::ClientContext context;
    v1::Job job;
    EXPECT_TRUE(stub->GetJob(&context, {}, &job).ok()) << "no call is lost between two connections";
    connections.insert(job.id());
  }
  EXPECT_EQ(connections.size(), 3u);
  held.release.Notify();
  v1::JobChange change;
  EXPECT_TRUE(reader->Read(&change));
  EXPECT_TRUE(reader->Finish().ok());
}

TEST_F(Rpc, AMismatchedPairIsRefusedAtTheStart) {
  TlsFiles mixed = pki_.Server();
  mixed.key = pki_.Worker("worker-1").key;
  const auto server = RpcServer::Start({.tls = mixed}, {&service_});
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("does not belong"));
}

TEST(IsLocalAddress, KnowsLoopbackAndSockets) {
  for (const char* local : {"127.0.0.1:1", "127.1.2.3:0", "localhost:5", "[::1]:7", "unix:/a/b"}) {
    EXPECT_TRUE(IsLocalAddress(local)) << local;
  }
  for (const char* remote :
       {"0.0.0.0:1", "10.0.0.1:1", "127.example.org:1", "localhost.example.org:1", "[::]:7", ""}) {
    EXPECT_FALSE(IsLocalAddress(remote)) << remote;
  }
}

TEST(StatusConvert, GoesThereAndBack) {
  EXPECT_EQ(FromGrpc(ToGrpc(absl::NotFoundError("no job 'a'"))), absl::NotFoundError("no job 'a'"));
  EXPECT_EQ(FromGrpc(ToGrpc(absl::OkStatus())), absl::OkStatus());
}

// Remembers the calls that ended and the requests that could not be read.
class EndedCalls : public RpcCallObserver {
 public:
  void OnStarted(const RpcCall&) override {}
  void OnEnded(const RpcCall& call, absl::StatusCode code, absl::Duration duration) override {
    absl::MutexLock lock(&mutex_);
    ended_.push_back(absl::StrCat(call.service, " ", call.method, " ", call.type, " ", static_cast<int>(code),
                                  duration > absl::ZeroDuration() ? "" : " at once"));
  }
  void OnUnreadable(const RpcCall& call, const std::string& worker) override {
    absl::MutexLock lock(&mutex_);
    unreadable_.push_back(absl::StrCat(call.method, " of ", worker));
  }
  std::vector<std::string> ended() const {
    absl::MutexLock lock(&mutex_);
    return ended_;
  }
  std::vector<std::string> unreadable() const {
    absl::MutexLock lock(&mutex_);
    return unreadable_;
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<std::string> ended_;
  std::vector<std::string> unreadable_;
};

TEST_F(Rpc, AnObserverHearsOfEveryCallWithItsCode) {
  EndedCalls calls;
  RpcServerOptions options;
  options.observer = &calls;
  auto server = RpcServer::Start(options, {&service_});
  ASSERT_TRUE(server.ok()) << server.status();
  ASSERT_TRUE(Ask((*server)->address(), {}).ok());
  const auto stub = v1::ClusterService::NewStub(MakeChannel((*server)->address(), {}).value());
  grpc::ClientContext context;
  v1::ListWorkersResponse answer;
  EXPECT_FALSE(stub->ListWorkers(&context, {}, &answer).ok()) << "the service does not have it";
  (*server)->Shutdown();
  EXPECT_THAT(calls.ended(), ::testing::ElementsAre("simclr.v1.ClusterService GetStatus unary 0",
                                                    "simclr.v1.ClusterService ListWorkers unary 12"));
}

// Asks for the status with a request of these bytes.
absl::StatusCode AskWithBytes(const std::string& address, const TlsFiles& tls, const std::string& bytes) {
  grpc::GenericStub stub(MakeChannel(address, tls).value());
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(5)));
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer answer;
  absl::StatusCode code = absl::StatusCode::kOk;
  absl::Notification ended;
  stub.UnaryCall(&context, "/simclr.v1.ClusterService/GetStatus", {}, &request, &answer,
                 [&](grpc::Status end) {
                   code = FromGrpc(end).code();
                   ended.Notify();
                 });
  ended.WaitForNotification();
  return code;
}

TEST_F(Rpc, AnObserverHearsWhoseRequestsCannotBeRead) {
  EndedCalls calls;
  auto server = RpcServer::Start({.tls = pki_.Server(), .observer = &calls}, {&service_});
  ASSERT_TRUE(server.ok()) << server.status();
  const std::string address = (*server)->address();
  const TlsFiles worker = pki_.Worker("worker-1");
  EXPECT_EQ(AskWithBytes(address, worker, ""), absl::StatusCode::kOk);
  EXPECT_THAT(calls.unreadable(), ::testing::IsEmpty());
  EXPECT_EQ(AskWithBytes(address, worker, "\x0a\x05"), absl::StatusCode::kInternal)
      << "five bytes are missing";
  EXPECT_EQ(AskWithBytes(address, pki_.Person(), "\x0a\x05"), absl::StatusCode::kInternal);
  (*server)->Shutdown();
  EXPECT_THAT(calls.unreadable(), ::testing::ElementsAre("GetStatus of worker-1", "GetStatus of "));
}

// gRPC refuses it below the server's calls (docs/security-model.md).
TEST_F(Rpc, AnObserverDoesNotHearOfARequestThatIsLargerThanTheServerTakes) {
  EndedCalls calls;
  auto server = RpcServer::Start({.tls = {}, .observer = &calls}, {&service_});
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ(AskWithBytes((*server)->address(), {}, std::string(kMaxMessageBytes + 1, 'x')),
            absl::StatusCode::kResourceExhausted);
  (*server)->Shutdown();
  EXPECT_THAT(calls.unreadable(), ::testing::IsEmpty());
  EXPECT_THAT(calls.ended(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace simclr
