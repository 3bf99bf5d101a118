#include "common/metrics/exposer.h"

#include <CivetServer.h>
#include <prometheus/text_serializer.h>

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace simclr {
namespace {

void Reply(mg_connection* connection, int code, absl::string_view content_type, absl::string_view body) {
  const std::string head = absl::StrCat("HTTP/1.1 ", code, code == 200 ? " OK" : " Service Unavailable",
                                        "\r\nContent-Type: ", content_type,
                                        "\r\nContent-Length: ", body.size(), "\r\nConnection: close\r\n\r\n");
  mg_write(connection, head.data(), head.size());
  mg_write(connection, body.data(), body.size());
}

class MetricsHandler : public CivetHandler {
 public:
  explicit MetricsHandler(std::shared_ptr<prometheus::Collectable> metrics) : metrics_(std::move(metrics)) {}

  bool handleGet(CivetServer*, mg_connection* connection) override {
    Reply(connection, 200, "text/plain; version=0.0.4; charset=utf-8",
          prometheus::TextSerializer().Serialize(metrics_->Collect()));
    return true;
  }

 private:
  const std::shared_ptr<prometheus::Collectable> metrics_;
};

class ProbeHandler : public CivetHandler {
 public:
  explicit ProbeHandler(std::function<absl::Status()> probe) : probe_(std::move(probe)) {}

  bool handleGet(CivetServer*, mg_connection* connection) override {
    const absl::Status status = probe_();
    const std::string body = status.ok() ? "ok\n" : absl::StrCat(status.message(), "\n");
    Reply(connection, status.ok() ? 200 : 503, "text/plain; charset=utf-8", body);
    return true;
  }

 private:
  const std::function<absl::Status()> probe_;
};

// CivetWeb takes numeric addresses only.
std::string NumericAddress(const std::string& listen) {
  constexpr absl::string_view kLocalhost = "localhost:";
  return absl::StartsWith(listen, kLocalhost) ? absl::StrCat("127.0.0.1:", listen.substr(kLocalhost.size()))
                                              : listen;
}

std::vector<std::string> CivetOptions(const std::string& listen) {
  return {"listening_ports", NumericAddress(listen), "num_threads", "2", "request_timeout_ms", "5000"};
}

// Without this CivetWeb writes its own lines to standard error, the message of a taken port among them.
CivetCallbacks QuietCallbacks() {
  CivetCallbacks callbacks;
  callbacks.log_message = [](const mg_connection*, const char*) { return 1; };
  return callbacks;
}

}  // namespace

struct Exposer::Server {
  Server(const ExposerOptions& options, std::shared_ptr<prometheus::Collectable> collectable)
      : metrics(std::move(collectable)),
        live(options.live),
        ready(options.ready),
        callbacks(QuietCallbacks()),
        civet(CivetOptions(options.listen), &callbacks) {
    civet.addHandler("/metrics", metrics);
    civet.addHandler("/livez", live);
    civet.addHandler("/readyz", ready);
    port = civet.getListeningPorts().at(0);
    address = absl::StrCat(options.listen.substr(0, options.listen.rfind(':')), ":", port);
  }

  MetricsHandler metrics;
  ProbeHandler live;
  ProbeHandler ready;
  const CivetCallbacks callbacks;
  int port = 0;
  std::string address;
  CivetServer civet;  // last: its threads use the members above and end first
};

absl::StatusOr<std::unique_ptr<Exposer>> Exposer::Start(const ExposerOptions& options,
                                                        std::shared_ptr<prometheus::Collectable> metrics) {
  try {
    return std::unique_ptr<Exposer>(new Exposer(std::make_unique<Server>(options, std::move(metrics))));
  } catch (const std::exception&) {  // CivetServer's constructor has no other way to fail
    return absl::FailedPreconditionError(
        absl::StrCat("cannot serve HTTP on ", options.listen,
                     "; the port is taken or the address is not one of this machine: choose another"));
  }
}

Exposer::Exposer(std::unique_ptr<Server> server) : server_(std::move(server)) {}
Exposer::~Exposer() = default;

int Exposer::port() const {
  return server_->port;
}
const std::string& Exposer::address() const {
  return server_->address;
}

}  // namespace simclr
