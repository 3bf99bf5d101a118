#include "common/rpc/retry.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"

namespace simclr {
namespace {

bool IsTransient(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
}

absl::Status TryOnce(const std::function<absl::Status(grpc::ClientContext&)>& call, absl::Duration timeout) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(RealClock().Now() + timeout));
  return call(context);
}

}  // namespace

absl::Status CallWithRetry(const RetryOptions& options, const absl::Notification& stop,
                           const std::function<absl::Status(grpc::ClientContext&)>& call) {
  const absl::Duration end = RealClock().Monotonic() + options.deadline;
  Backoff backoff(options.backoff, options.seed);
  while (true) {
    const absl::Status status = TryOnce(call, std::min(options.try_timeout, end - RealClock().Monotonic()));
    if (!IsTransient(status)) return status;
    const absl::Duration delay = backoff.Next();
    if (RealClock().Monotonic() + delay >= end) return status;
    if (stop.WaitForNotificationWithTimeout(delay)) {
      return absl::CancelledError(absl::StrCat("stopped while retrying; the last error: ", status.message()));
    }
  }
}

absl::Status CallWithRetry(const RetryOptions& options,
                           const std::function<absl::Status(grpc::ClientContext&)>& call) {
  const absl::Notification never;
  return CallWithRetry(options, never, call);
}

}  // namespace simclr
