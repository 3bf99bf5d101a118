#pragma once

#include <prometheus/collectable.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/http/server.h"

namespace simclr {

struct ExposerOptions {
  std::string listen = "127.0.0.1:0";  // HOST:PORT, IPv4 or IPv6; port 0: from the kernel
  // Not OK: the probe answers 503 with the message. Called on the thread that serves all probes: it must not
  // wait for anything.
  std::function<absl::Status()> live = [] { return absl::OkStatus(); };
  std::function<absl::Status()> ready = [] { return absl::OkStatus(); };
};

// Serves GET /metrics (Prometheus text format), /livez and /readyz from construction to destruction. Plain
// HTTP, read only. The probes answer whatever other connections do, slow scrapes too. Thread-safe.
class Exposer {
 public:
  // INVALID_ARGUMENT for what is no numeric address (or localhost), FAILED_PRECONDITION names one that cannot
  // be bound. `metrics` is usually a prometheus::Registry.
  static absl::StatusOr<std::unique_ptr<Exposer>> Start(const ExposerOptions& options,
                                                        std::shared_ptr<prometheus::Collectable> metrics);

  int port() const { return server_->port(); }
  const std::string& address() const { return server_->address(); }  // HOST:PORT with the bound port

 private:
  explicit Exposer(std::unique_ptr<HttpServer> server) : server_(std::move(server)) {}

  const std::unique_ptr<HttpServer> server_;
};

}  // namespace simclr
