#include "common/rpc/server.h"

#include <grpcpp/server_builder.h>
#include <grpcpp/support/server_interceptor.h>

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/address.h"
#include "common/base/listening_socket.h"
#include "common/base/status_macros.h"

namespace simclr {
namespace {

// Clients ping every 10 s; by default a server would take that for an attack (GOAWAY too_many_pings).
constexpr int kMinPingIntervalMs = 5000;

void SetLimits(grpc::ServerBuilder& builder, const RpcServerOptions& options) {
  builder.SetMaxReceiveMessageSize(options.max_message_bytes);
  builder.SetMaxSendMessageSize(options.max_message_bytes);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                             static_cast<int>(absl::ToInt64Milliseconds(options.handshake_limit)));
  if (options.max_connection_age != absl::InfiniteDuration()) {
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS,
                               static_cast<int>(absl::ToInt64Milliseconds(options.max_connection_age)));
  }
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_concurrent_streams);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kStreamWindowBytes);
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

absl::StatusOr<ListeningSocket> OpenPort(const std::string& listen) {
  const absl::StatusOr<HostPort> parsed = ParseHostPort(listen);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("cannot listen: ", parsed.status().message()));
  }
  return ListeningSocket::Open(*parsed);
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> CredentialsOf(const RpcServerOptions& options) {
  if (options.certificates != nullptr) return options.certificates->ServerCredentials();
  return MakeServerCredentials(options.tls, options.listen);
}

absl::Status Taken(const std::string& listen) {
  return absl::FailedPreconditionError(absl::StrCat(
      "cannot listen on ", listen, "; the address is taken or not one of this machine: choose another"));
}

// With `port` in place of the one that was asked for.
std::string WithPort(const std::string& address, int port) {
  HostPort parsed = ParseHostPort(address).value();
  parsed.port = port;
  return parsed.text();
}

void HandOn(grpc::experimental::ExternalConnectionAcceptor& to, int fd) {
  grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
  connection.fd = fd;
  to.HandleNewConnection(&connection);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(const RpcServerOptions& options,
                                                            const std::vector<grpc::Service*>& services) {
  std::optional<ListeningSocket> socket;  // absent: of the file system
  if (!absl::StartsWith(options.listen, "unix:")) {
    absl::StatusOr<ListeningSocket> opened = OpenPort(options.listen);
    if (absl::IsInvalidArgument(opened.status())) return opened.status();
    if (!opened.ok()) return Taken(options.listen);
    socket.emplace(*std::move(opened));
  }
  SIMCLR_ASSIGN_OR_RETURN(const auto credentials, CredentialsOf(options));
  grpc::ServerBuilder builder;
  SetLimits(builder, options);
  SetObserver(builder, options.observer);
  std::shared_ptr<grpc::experimental::ExternalConnectionAcceptor> external;
  if (socket.has_value()) {
    external = builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, credentials);
  } else {
    builder.AddListeningPort(options.listen, credentials);
  }
  for (grpc::Service* service : services) builder.RegisterService(service);
  std::unique_ptr<RpcServer> server(new RpcServer(options));
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr) return Taken(options.listen);
  if (!socket.has_value()) return server;
  server->port_ = socket->port();
  server->address_ = WithPort(options.listen, socket->port());
  AcceptorOptions acceptor = options.acceptor;
  acceptor.tls = options.certificates != nullptr || !options.tls.empty();
  server->acceptor_ =
      std::make_unique<Acceptor>(*std::move(socket), acceptor, [external](int fd) { HandOn(*external, fd); });
  return server;
}

RpcServer::~RpcServer() {
  Shutdown();
}

void RpcServer::Shutdown() {
  acceptor_.reset();
  if (server_ == nullptr) return;
  server_->Shutdown(absl::ToChronoTime(absl::Now() + grace_));
}

}  // namespace simclr
