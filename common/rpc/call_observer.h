#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace grpc::experimental {
class ServerInterceptorFactoryInterface;
}

namespace simclr {

struct RpcCall {
  std::string service;  // "simclr.v1.JobService"
  std::string method;   // "SubmitJob"
  std::string type;     // "unary", "client_stream", "server_stream" or "bidi_stream"
};

// Hears of every call that a server handles. Called on gRPC's threads, many at a time: it must return at
// once.
class RpcCallObserver {
 public:
  virtual ~RpcCallObserver() = default;

  virtual void OnStarted(const RpcCall& call) = 0;
  // The request of a call that has one could not be read: it is no message of that type, or a text in it is
  // not UTF-8. The call ends without its handler. `worker` as in Peer.
  virtual void OnUnreadable(const RpcCall& call, const std::string& worker) = 0;
  // CANCELLED where no status could be sent.
  virtual void OnEnded(const RpcCall& call, absl::StatusCode code, absl::Duration duration) = 0;
};

// What makes a server tell `observer`, which must outlive the server. Of a stream of requests gRPC shows one
// that it cannot read as the end of the stream: its handler must read bytes to know it. A request that is
// larger than the server takes ends the call below all of this: nobody here hears of it.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> ObserveCalls(
    RpcCallObserver& observer);

}  // namespace simclr
