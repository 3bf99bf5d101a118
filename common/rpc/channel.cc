#include "common/rpc/channel.h"

#include <grpcpp/create_channel.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/address.h"
#include "common/base/status_macros.h"

namespace simclr {
namespace {

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

}  // namespace

absl::Status CheckServerAddress(absl::string_view address) {
  SIMCLR_ASSIGN_OR_RETURN(const HostPort parsed, ParseHostPort(address));
  if (parsed.port > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("'", parsed.text(), "': nothing is reached at port 0"));
}

namespace {

std::shared_ptr<grpc::Channel> MakeChannelWith(const std::shared_ptr<grpc::ChannelCredentials>& credentials,
                                               const std::string& target, const ChannelOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(options.max_message_bytes);
  arguments.SetMaxSendMessageSize(options.max_message_bytes);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kStreamWindowBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive_time));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(options.keepalive_timeout));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, Milliseconds(options.min_reconnect_backoff));
  // In spite of its name: how long one try may take at least. The waits between tries are the other two.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, Milliseconds(options.connect_timeout));
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, Milliseconds(options.max_reconnect_backoff));
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, options.service_config.empty() ? 0 : 1);
  if (!options.service_config.empty()) arguments.SetServiceConfigJSON(options.service_config);
  return grpc::CreateCustomChannel(target, credentials, arguments);
}

absl::Status CheckTarget(const std::string& target) {
  return absl::StartsWith(target, "unix:") ? absl::OkStatus() : CheckServerAddress(target);
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const std::string& target, const TlsFiles& tls,
                                                           const ChannelOptions& options) {
  SIMCLR_RETURN_IF_ERROR(CheckTarget(target));
  SIMCLR_ASSIGN_OR_RETURN(const auto credentials, MakeChannelCredentials(tls, target));
  return MakeChannelWith(credentials, target, options);
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const std::string& target, const TlsReloader& tls,
                                                           const ChannelOptions& options) {
  SIMCLR_RETURN_IF_ERROR(CheckTarget(target));
  return MakeChannelWith(tls.ChannelCredentials(), target, options);
}

}  // namespace simclr
