#pragma once

#include <prometheus/collectable.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct mg_context;  // of CivetWeb

namespace simclr {

class LoopbackRelay;

struct ExposerOptions {
  std::string listen = "127.0.0.1:0";  // HOST:PORT, IPv4 or IPv6; port 0: from the kernel
  // Not OK: the probe answers 503 with the message. Called on an HTTP thread; must return quickly.
  std::function<absl::Status()> live = [] { return absl::OkStatus(); };
  std::function<absl::Status()> ready = [] { return absl::OkStatus(); };
};

// Serves GET /metrics (Prometheus text format), /livez and /readyz from construction to destruction. Plain
// HTTP, read only. Thread-safe.
class Exposer {
 public:
  // INVALID_ARGUMENT for what is no numeric address (or localhost), FAILED_PRECONDITION names one that cannot
  // be bound. `metrics` is usually a prometheus::Registry.
  static absl::StatusOr<std::unique_ptr<Exposer>> Start(const ExposerOptions& options,
                                                        std::shared_ptr<prometheus::Collectable> metrics);
  ~Exposer();

  int port() const { return port_; }
  const std::string& address() const { return address_; }  // HOST:PORT with the bound port

 private:
  Exposer(const ExposerOptions& options, std::shared_ptr<prometheus::Collectable> metrics);

  const std::shared_ptr<prometheus::Collectable> metrics_;
  std::function<absl::Status()> live_;
  std::function<absl::Status()> ready_;
  mg_context* context_ = nullptr;
  std::string bound_;                     // where CivetWeb listens
  std::unique_ptr<LoopbackRelay> relay_;  // before it, for IPv6
  int port_ = 0;
  std::string address_;
};

}  // namespace simclr
