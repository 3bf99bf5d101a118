#include "worker/agent/launcher/launcher.h"

#include <utility>

namespace simclr::agent {

absl::Duration Launcher::RunOnce(absl::Duration now) {
  const std::optional<LaunchRequest> request = waiting_.TryPop();
  if (!request.has_value()) return absl::InfiniteDuration();
  Launched launched{request->key, absl::UnknownError(""), ReadMemoryCgroup(memory_)};
  {
    const CallWatch::Call call(calls_, "start of a trainer");
    launched.process = trainers_.Launch(*request);
  }
  launched_(std::move(launched));
  return now;
}

}  // namespace simclr::agent
