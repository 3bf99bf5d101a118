#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/http/http.h"

namespace simclr {

struct HttpServerOptions {
  std::string listen = "127.0.0.1:0";  // HOST:PORT, IPv4 or IPv6; port 0: from the kernel
  // One more, and the connection that has kept its request, or the reading of its reply, waiting for longest
  // is closed at once. So a new one is always served, however many are silent.
  int max_connections = 256;
  std::size_t max_head_bytes = 8 << 10;            // of a request, which has no body
  absl::Duration head_limit = absl::Seconds(5);    // from its first byte, or the connection, to its end
  absl::Duration idle_limit = absl::Seconds(30);   // between two requests of a connection
  absl::Duration write_limit = absl::Seconds(10);  // for the whole reply to be read
  int slow_threads = 2;
  // Slow replies that are waited for, made or sent, which bounds the memory they take. One more ends the one
  // that has been sent for longest; where none is being sent, 503 is the answer.
  int max_slow = 16;
};

// A small asynchronous HTTP/1.1 server for what a program shows of itself: GET and HEAD, chosen by path,
// plain text, read only. Serves from Start to destruction, which waits for handlers that run. Thread-safe.
class HttpServer {
 public:
  // INVALID_ARGUMENT for what is no numeric address (or localhost), FAILED_PRECONDITION names one that cannot
  // be bound.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options,
                                                           std::vector<HttpRoute> routes);
  ~HttpServer();

  int port() const { return port_; }
  const std::string& address() const { return address_; }  // HOST:PORT with the bound port

 private:
  class Loop;  // the thread that all connections share, and what it owns

  HttpServer(std::unique_ptr<Loop> loop, int port, std::string address);

  const std::unique_ptr<Loop> loop_;
  const int port_;
  const std::string address_;
};

}  // namespace simclr
