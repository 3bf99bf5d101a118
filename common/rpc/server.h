#pragma once

#include <grpcpp/server.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/acceptor.h"
#include "common/rpc/call_observer.h"
#include "common/rpc/credentials.h"
#include "common/rpc/tls_reloader.h"

namespace simclr {

constexpr int kMaxMessageBytes = 4 << 20;
// What a peer may send on one stream before it is read. It is fixed: measuring the connection for a better
// one (gRPC's BDP probe) costs two pings for each message that comes after a pause, which heartbeats are.
constexpr int kStreamWindowBytes = 1 << 20;

struct RpcServerOptions {
  std::string listen = "127.0.0.1:0";  // HOST:PORT (port 0: from the kernel) or unix:PATH
  TlsFiles tls;
  const TlsReloader* certificates = nullptr;  // in place of `tls`; must outlive the server
  int max_message_bytes = kMaxMessageBytes;
  int max_concurrent_streams = 1000;  // per connection
  // What a TCP port takes; `tls` in it is of no account here.
  AcceptorOptions acceptor = {};
  // After which a connection takes no new calls, so that clients connect anew with the certificates of that
  // time. Calls that run, streams too, are not disturbed.
  absl::Duration max_connection_age = absl::InfiniteDuration();
  // From a connection's first words until TLS and HTTP/2 are agreed on.
  absl::Duration handshake_limit = absl::Seconds(10);
  // How long Shutdown waits for open calls before it cancels them.
  absl::Duration shutdown_grace = absl::Seconds(2);
  RpcCallObserver* observer = nullptr;  // hears of every call; must outlive the server
};

// A gRPC server that serves from Start to Shutdown or destruction. Thread-safe.
class RpcServer {
 public:
  // The services must outlive the server. INVALID_ARGUMENT for what is no address and for bad credentials,
  // FAILED_PRECONDITION where the address cannot be bound (the message names it: in most cases the port is
  // taken).
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(const RpcServerOptions& options,
                                                          const std::vector<grpc::Service*>& services);
  ~RpcServer();

  // Refuses new connections and calls, waits for open ones up to the grace, cancels the rest. A second call
  // does nothing. Long-lived streams should be ended by their owner first.
  void Shutdown();

  // Whether connections are refused now, because too many are open.
  bool full() const { return acceptor_ != nullptr && acceptor_->full(); }
  // Connections that were, since the start.
  std::int64_t refused() const { return acceptor_ == nullptr ? 0 : acceptor_->refused(); }

  int port() const { return port_; }                       // 0 for a Unix socket
  const std::string& address() const { return address_; }  // HOST:PORT with the bound port, or unix:PATH

 private:
  explicit RpcServer(const RpcServerOptions& options)
      : address_(options.listen), grace_(options.shutdown_grace) {}

  std::string address_;
  int port_ = 0;
  const absl::Duration grace_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Acceptor> acceptor_;  // of a TCP port; hands on to the server
};

}  // namespace simclr
