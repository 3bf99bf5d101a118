#include "common/rpc/retry_policy.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "absl/time/clock.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "simclr/v1/cluster_service.grpc.pb.h"

namespace simclr {
namespace {

// Away for its first calls.
class HesitantService : public v1::ClusterService::Service {
 public:
  grpc::Status GetStatus(grpc::ServerContext*, const v1::GetStatusRequest*, v1::ClusterStatus*) override {
    return ++calls < 3 ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "away") : grpc::Status::OK;
  }
  grpc::Status ListWorkers(grpc::ServerContext*, const v1::ListWorkersRequest*,
                           v1::ListWorkersResponse*) override {
    ++calls;
    return {grpc::StatusCode::INVALID_ARGUMENT, "bad"};
  }
  std::atomic<int> calls = 0;
};

TEST(RetryPolicy, UnaryCallsAreRepeatedWhileNobodyAnswersAndARefusalIsNot) {
  HesitantService hesitant;
  const auto server = RpcServer::Start({}, {&hesitant}).value();
  ChannelOptions options;
  options.service_config = RetryPolicy({v1::ClusterStatus::descriptor()->file()->service(0)});
  const auto stub = v1::ClusterService::NewStub(MakeChannel(server->address(), TlsFiles(), options).value());
  grpc::ClientContext context, other, without;
  v1::ClusterStatus answer;
  EXPECT_TRUE(stub->GetStatus(&context, {}, &answer).ok());
  EXPECT_EQ(hesitant.calls, 3);
  v1::ListWorkersResponse workers;
  EXPECT_EQ(stub->ListWorkers(&other, {}, &workers).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(hesitant.calls, 4);
  hesitant.calls = 0;
  const auto plain = v1::ClusterService::NewStub(MakeChannel(server->address(), {}).value());
  EXPECT_EQ(plain->GetStatus(&without, {}, &answer).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST(RetryPolicy, UnaryCallsReachAServerThatComesUpMeanwhile) {
  v1::ClusterService::Service service;
  auto server = RpcServer::Start({}, {&service}).value();
  const std::string address = server->address();
  server.reset();
  ChannelOptions options;
  options.service_config = RetryPolicy({v1::ClusterStatus::descriptor()->file()->service(0)});
  const auto channel = MakeChannel(address, TlsFiles(), options).value();
  grpc::Status status;
  std::thread call([&] {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(20)));
    v1::ClusterStatus answer;
    status = v1::ClusterService::NewStub(channel)->GetStatus(&context, {}, &answer);
  });
  const absl::Time end = absl::Now() + absl::Seconds(20);
  while (channel->GetState(false) != GRPC_CHANNEL_TRANSIENT_FAILURE && absl::Now() < end) {
  }
  server = RpcServer::Start({.listen = address, .tls = {}}, {&service}).value();
  call.join();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED)
      << "the server's own word: " << status.error_message();
}

}  // namespace
}  // namespace simclr
