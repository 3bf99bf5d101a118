#include "coordinator/server/connection_limits.h"

#include "absl/strings/str_cat.h"
#include "common/http/server.h"
#include "common/rpc/server.h"
#include "coordinator/server/coordinator_server.h"

namespace simclr::coordinator {
namespace {

std::vector<Limit> OfRpc() {
  const RpcServerOptions rpc;
  const AcceptorOptions& acceptor = rpc.acceptor;
  return {
      {"gRPC connections", absl::StrCat(acceptor.max_connections), "--max-connections",
       "closed at once; less where half of the process's descriptors are fewer"},
      {"gRPC connections of an IP address", absl::StrCat(acceptor.max_connections_of_address),
       "--max-connections-of-address", "closed at once"},
      {"gRPC connections that have said nothing whole yet", absl::StrCat(acceptor.max_greeting), "",
       "the oldest of them is closed"},
      {"first words of a gRPC connection", TimeText(acceptor.greeting_limit), "", "it is closed"},
      {"handshake of TLS and HTTP/2 after them", TimeText(rpc.handshake_limit), "", "it is closed"},
      {"age of a gRPC connection", TimeText(CoordinatorServerOptions().max_connection_age),
       "--max-connection-age", "its client connects anew for further calls; those that run go on"},
      {"between two looks at certificates and tokens", TimeText(CoordinatorServerOptions().reload_interval),
       "--reload-interval", "what is sound is in use from then on"},
  };
}

std::vector<Limit> OfHttp() {
  const HttpServerOptions http;
  return {
      {"HTTP connections", absl::StrCat(http.max_connections), "",
       "the one that has kept the server waiting for longest is closed"},
      {"head of an HTTP request", BytesText(static_cast<std::int64_t>(http.max_head_bytes)), "", "431"},
      {"from a request's first byte to the end of its head", TimeText(http.head_limit), "", "it is closed"},
      {"between two requests of a connection", TimeText(http.idle_limit), "", "it is closed"},
      {"reading of a reply", TimeText(http.write_limit), "", "it is closed"},
      {"scrapes at a time", absl::StrCat(http.max_slow), "",
       "the one that has been read for longest is cut off, else 503"},
  };
}

}  // namespace

std::vector<Limit> ConnectionLimits() {
  std::vector<Limit> all = OfRpc();
  for (Limit& limit : OfHttp()) all.push_back(std::move(limit));
  return all;
}

}  // namespace simclr::coordinator
