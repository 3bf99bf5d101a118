#include "common/metrics/exposer.h"

#include <civetweb.h>
#include <prometheus/text_serializer.h>

#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "common/base/address.h"
#include "common/base/status_macros.h"
#include "common/metrics/loopback_relay.h"

namespace simclr {
namespace {

constexpr char kLoopback[] = "127.0.0.1";
constexpr absl::Duration kKnockInterval = absl::Milliseconds(20);

void Reply(mg_connection* connection, int code, absl::string_view content_type, absl::string_view body) {
  const std::string head = absl::StrCat("HTTP/1.1 ", code, code == 200 ? " OK" : " Service Unavailable",
                                        "\r\nContent-Type: ", content_type,
                                        "\r\nContent-Length: ", body.size(), "\r\nConnection: close\r\n\r\n");
  mg_write(connection, head.data(), head.size());
  mg_write(connection, body.data(), body.size());
}

// CivetWeb handlers: `data` is what they were registered with; the value returned is the reply's HTTP code.
int HandleMetrics(mg_connection* connection, void* data) {
  const auto& metrics = *static_cast<const prometheus::Collectable*>(data);
  Reply(connection, 200, "text/plain; version=0.0.4; charset=utf-8",
        prometheus::TextSerializer().Serialize(metrics.Collect()));
  return 200;
}

int HandleProbe(mg_connection* connection, void* data) {
  const absl::Status status = (*static_cast<std::function<absl::Status()>*>(data))();
  const std::string body = status.ok() ? "ok\n" : absl::StrCat(status.message(), "\n");
  const int code = status.ok() ? 200 : 503;
  Reply(connection, code, "text/plain; charset=utf-8", body);
  return code;
}

// Where CivetWeb listens, which takes numeric addresses of IPv4 only.
HostPort CivetWebAddress(const HostPort& listen) {
  if (listen.ipv6()) return {kLoopback, 0};  // behind a relay
  return {listen.host == "localhost" ? kLoopback : listen.host, listen.port};
}

absl::StatusOr<HostPort> ParseListen(const std::string& listen) {
  absl::StatusOr<HostPort> parsed = ParseHostPort(listen);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("cannot serve HTTP: ", parsed.status().message()));
  }
  const bool numeric = parsed->ipv6() || parsed->host == "localhost" ||
                       parsed->host.find_first_not_of("0123456789.") == std::string::npos;
  if (numeric) return parsed;
  return absl::InvalidArgumentError(
      absl::StrCat("cannot serve HTTP on ", listen, ": write the address of ", parsed->host, " in numbers"));
}

absl::Status Taken(const std::string& listen) {
  return absl::FailedPreconditionError(
      absl::StrCat("cannot serve HTTP on ", listen,
                   "; the port is taken or the address is not one of this machine: choose another"));
}

// nullptr where the address cannot be bound.
mg_context* StartCivetWeb(const std::string& listen) {
  mg_callbacks callbacks{};
  // Without this CivetWeb writes its own lines to standard error, the one about a taken port among them.
  callbacks.log_message = [](const mg_connection*, const char*) { return 1; };
  const char* options[] = {"listening_ports",    listen.c_str(), "num_threads", "2",
                           "request_timeout_ms", "5000",         nullptr};
  return mg_start(&callbacks, nullptr, options);
}

int BoundPort(const mg_context* context) {
  mg_server_port port{};
  return mg_get_server_ports(context, 1, &port) == 1 ? port.port : 0;
}

// Connects and hangs up.
void Knock(const std::string& address) {
  const absl::StatusOr<HostPort> at = ParseHostPort(address);
  char error[256];
  mg_connection* connection = mg_connect_client(at->host.c_str(), at->port, 0, error, sizeof error);
  if (connection != nullptr) mg_close_connection(connection);
}

// CivetWeb looks whether to stop when a connection comes, otherwise every two seconds only.
void StopCivetWeb(mg_context* context, const std::string& address) {
  absl::Notification stopped;
  const std::jthread stop([&] {
    mg_stop(context);
    stopped.Notify();
  });
  while (!stopped.WaitForNotificationWithTimeout(kKnockInterval)) Knock(address);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Exposer>> Exposer::Start(const ExposerOptions& options,
                                                        std::shared_ptr<prometheus::Collectable> metrics) {
  SIMCLR_ASSIGN_OR_RETURN(HostPort listen, ParseListen(options.listen));
  // The handlers point into the exposer, so it exists before the first request can come.
  std::unique_ptr<Exposer> exposer(new Exposer(options, std::move(metrics)));
  HostPort bound = CivetWebAddress(listen);
  exposer->context_ = StartCivetWeb(bound.text());
  if (exposer->context_ == nullptr) return Taken(options.listen);
  bound.port = BoundPort(exposer->context_);
  exposer->bound_ = bound.text();
  mg_set_request_handler(exposer->context_, "/metrics$", HandleMetrics, exposer->metrics_.get());
  mg_set_request_handler(exposer->context_, "/livez$", HandleProbe, &exposer->live_);
  mg_set_request_handler(exposer->context_, "/readyz$", HandleProbe, &exposer->ready_);
  if (listen.ipv6()) {
    absl::StatusOr<std::unique_ptr<LoopbackRelay>> relay = LoopbackRelay::Start(listen, bound.port);
    if (!relay.ok()) return Taken(options.listen);
    exposer->relay_ = *std::move(relay);
  }
  exposer->port_ = exposer->relay_ != nullptr ? exposer->relay_->port() : bound.port;
  listen.port = exposer->port_;
  exposer->address_ = listen.text();
  return exposer;
}

Exposer::Exposer(const ExposerOptions& options, std::shared_ptr<prometheus::Collectable> metrics)
    : metrics_(std::move(metrics)), live_(options.live), ready_(options.ready) {}

Exposer::~Exposer() {
  relay_.reset();
  if (context_ != nullptr) StopCivetWeb(context_, bound_);
}

}  // namespace simclr
