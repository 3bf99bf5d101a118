#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <memory>
#include <optional>

#include "common/base/periodic_task.h"

namespace simclr {

// Keeps gRPC's callback threads of this process at work. When a second brought no event, all of them sleep
// for 100 ms (CallbackAlternativeCQ of gRPC 1.51), and any call that comes then waits for them. While this
// lives, calls that end before they begin are events enough; they touch no network.
class CallbackPollers {
 public:
  CallbackPollers();

 private:
  void Wake();

  grpc::GenericStub nowhere_;
  std::optional<PeriodicTask> task_;
};

}  // namespace simclr
