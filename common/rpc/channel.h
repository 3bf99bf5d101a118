#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/rpc/credentials.h"
#include "common/rpc/server.h"
#include "common/rpc/tls_reloader.h"

namespace simclr {

struct ChannelOptions {
  absl::Duration keepalive_time = absl::Seconds(10);
  absl::Duration keepalive_timeout = absl::Seconds(5);
  absl::Duration connect_timeout = absl::Seconds(5);  // of one try, TLS handshake included
  absl::Duration min_reconnect_backoff = absl::Milliseconds(200);
  absl::Duration max_reconnect_backoff = absl::Seconds(5);
  int max_message_bytes = kMaxMessageBytes;
  std::string service_config = {};  // JSON, such as a RetryPolicy; empty: no call is repeated
};

// INVALID_ARGUMENT unless `address` is HOST:PORT as of ParseHostPort with a port other than 0. Pure.
absl::Status CheckServerAddress(absl::string_view address);

// A channel to HOST:PORT or unix:PATH; it connects on first use, reconnects by itself, shares no connection
// with another channel and uses no proxy. INVALID_ARGUMENT for what is no address of a server and for bad
// credentials (see MakeChannelCredentials).
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const std::string& target, const TlsFiles& tls,
                                                           const ChannelOptions& options = {});

// The same with certificates that may change: a connection uses those that there are when it begins.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const std::string& target, const TlsReloader& tls,
                                                           const ChannelOptions& options = {});

}  // namespace simclr
