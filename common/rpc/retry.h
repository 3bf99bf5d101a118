#pragma once

#include <grpcpp/client_context.h>

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "common/base/backoff.h"

namespace simclr {

struct RetryOptions {
  absl::Duration deadline = absl::Seconds(10);    // for all tries together
  absl::Duration try_timeout = absl::Seconds(5);  // for one
  BackoffOptions backoff;
  std::uint64_t seed = 0;  // of the jitter
};

// Makes an idempotent call until it ends with anything but UNAVAILABLE or DEADLINE_EXCEEDED, `stop` is
// notified (CANCELLED), or the deadline is over (the last error). `call` gets a fresh context, its deadline
// set, for each try.
absl::Status CallWithRetry(const RetryOptions& options, const absl::Notification& stop,
                           const std::function<absl::Status(grpc::ClientContext&)>& call);

// The same for a caller that nothing needs to stop early.
absl::Status CallWithRetry(const RetryOptions& options,
                           const std::function<absl::Status(grpc::ClientContext&)>& call);

}  // namespace simclr
