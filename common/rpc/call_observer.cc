#include "common/rpc/call_observer.h"

#include <grpcpp/support/server_interceptor.h>

#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "common/base/clock.h"
#include "common/rpc/peer.h"

namespace simclr {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::ServerRpcInfo;

const char* TypeWord(ServerRpcInfo::Type type) {
  switch (type) {
    case ServerRpcInfo::Type::CLIENT_STREAMING:
      return "client_stream";
    case ServerRpcInfo::Type::SERVER_STREAMING:
      return "server_stream";
    case ServerRpcInfo::Type::BIDI_STREAMING:
      return "bidi_stream";
    default:
      return "unary";
  }
}

// "/simclr.v1.JobService/SubmitJob"
RpcCall Describe(const ServerRpcInfo& info) {
  const std::vector<std::string> parts = absl::StrSplit(info.method(), '/');
  return parts.size() == 3 ? RpcCall{parts[1], parts[2], TypeWord(info.type())}
                           : RpcCall{"", info.method(), TypeWord(info.type())};
}

// Lives as long as the call.
class CallInterceptor : public grpc::experimental::Interceptor {
 public:
  CallInterceptor(RpcCallObserver& observer, ServerRpcInfo& info)
      : observer_(observer), info_(info), call_(Describe(info)) {
    observer_.OnStarted(call_);
  }
  ~CallInterceptor() override { observer_.OnEnded(call_, code_, RealClock().Monotonic() - start_); }

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      code_ = static_cast<absl::StatusCode>(methods->GetSendStatus().error_code());
    }
    const bool read = methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_MESSAGE);
    if (read && HasOneRequest() && methods->GetRecvMessage() == nullptr) {
      observer_.OnUnreadable(call_, ReadPeer(*info_.server_context()).worker);
    }
    methods->Proceed();
  }

 private:
  bool HasOneRequest() const {
    return info_.type() == ServerRpcInfo::Type::UNARY ||
           info_.type() == ServerRpcInfo::Type::SERVER_STREAMING;
  }

  RpcCallObserver& observer_;
  ServerRpcInfo& info_;  // lives longer
  const RpcCall call_;
  const absl::Duration start_ = RealClock().Monotonic();
  absl::StatusCode code_ = absl::StatusCode::kCancelled;
};

class Factory : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit Factory(RpcCallObserver& observer) : observer_(observer) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(ServerRpcInfo* info) override {
    return new CallInterceptor(observer_, *info);  // gRPC owns it
  }

 private:
  RpcCallObserver& observer_;
};

}  // namespace

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> ObserveCalls(
    RpcCallObserver& observer) {
  return std::make_unique<Factory>(observer);
}

}  // namespace simclr
