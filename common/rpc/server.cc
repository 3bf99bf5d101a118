#include "common/rpc/server.h"

#include <grpcpp/server_builder.h>
#include <grpcpp/support/server_interceptor.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/address.h"
#include "common/base/status_macros.h"

namespace simclr {
namespace {

// Clients ping every 10 s; by default a server would take that for an attack (GOAWAY too_many_pings).
constexpr int kMinPingIntervalMs = 5000;

void SetLimits(grpc::ServerBuilder& builder, const RpcServerOptions& options) {
  builder.SetMaxReceiveMessageSize(options.max_message_bytes);
  builder.SetMaxSendMessageSize(options.max_message_bytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_concurrent_streams);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kStreamWindowBytes);
  // A second server on the same port must fail, not share it.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kMinPingIntervalMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 20000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
}

void SetObserver(grpc::ServerBuilder& builder, RpcCallObserver* observer) {
  if (observer == nullptr) return;
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> factories;
  factories.push_back(ObserveCalls(*observer));
  builder.experimental().SetInterceptorCreators(std::move(factories));
}

// With `port` in place of the one that was asked for.
absl::StatusOr<std::string> WithPort(const std::string& address, int port) {
  SIMCLR_ASSIGN_OR_RETURN(HostPort parsed, ParseHostPort(address));
  parsed.port = port;
  return parsed.text();
}

}  // namespace

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(const RpcServerOptions& options,
                                                            const std::vector<grpc::Service*>& services) {
  const bool unix_socket = absl::StartsWith(options.listen, "unix:");
  if (!unix_socket) {
    const auto parsed = ParseHostPort(options.listen);
    if (!parsed.ok())
      return absl::InvalidArgumentError(absl::StrCat("cannot listen: ", parsed.status().message()));
  }
  SIMCLR_ASSIGN_OR_RETURN(const auto credentials, MakeServerCredentials(options.tls, options.listen));
  grpc::ServerBuilder builder;
  SetLimits(builder, options);
  SetObserver(builder, options.observer);
  int port = 0;
  builder.AddListeningPort(options.listen, credentials, &port);
  for (grpc::Service* service : services) builder.RegisterService(service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || (port == 0 && !unix_socket)) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot listen on ", options.listen,
                     "; the address is taken or not one of this machine: choose another"));
  }
  if (unix_socket) port = 0;
  SIMCLR_ASSIGN_OR_RETURN(const std::string address,
                          unix_socket ? options.listen : WithPort(options.listen, port));
  return std::unique_ptr<RpcServer>(new RpcServer(std::move(server), address, port, options.shutdown_grace));
}

RpcServer::RpcServer(std::unique_ptr<grpc::Server> server, std::string address, int port,
                     absl::Duration grace)
    : server_(std::move(server)), address_(std::move(address)), port_(port), grace_(grace) {}

RpcServer::~RpcServer() {
  Shutdown();
}

void RpcServer::Shutdown() {
  server_->Shutdown(absl::ToChronoTime(absl::Now() + grace_));
}

}  // namespace simclr
