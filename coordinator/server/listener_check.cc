#include "coordinator/server/listener_check.h"

#include "absl/strings/str_cat.h"
#include "common/base/logging.h"

namespace simclr::coordinator {

void ListenerCheck::Run() {
  const absl::Status dialled = dial_();
  if (!dialled.ok()) {
    LogWarning("the own gRPC port does not answer", {{"cause", std::string(dialled.message())}});
    on_failure_();
  }
  absl::MutexLock lock(&mutex_);
  failures_ = dialled.ok() ? 0 : failures_ + 1;
  last_ = dialled;
}

absl::Status ListenerCheck::Live() const {
  absl::MutexLock lock(&mutex_);
  if (failures_ < kLimit) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("the own gRPC port failed ", failures_,
                                             " self-checks in a row (", last_.message(),
                                             "); restart the coordinator"));
}

}  // namespace simclr::coordinator
