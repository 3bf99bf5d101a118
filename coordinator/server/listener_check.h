#pragma once

#include <functional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace simclr::coordinator {

// Finds out that the own gRPC port takes no connection any more, while the process looks healthy. A
// supervisor that asks /livez then restarts it. Thread-safe.
class ListenerCheck {
 public:
  // `dial` opens a connection to the own port; `on_failure` is called after each dial that fails.
  ListenerCheck(std::function<absl::Status()> dial, std::function<void()> on_failure)
      : dial_(std::move(dial)), on_failure_(std::move(on_failure)) {}

  // Dials once; to be called now and again by one thread.
  void Run();
  // UNAVAILABLE after kLimit failures in a row.
  absl::Status Live() const;

  static constexpr int kLimit = 3;

 private:
  const std::function<absl::Status()> dial_;
  const std::function<void()> on_failure_;
  mutable absl::Mutex mutex_;
  int failures_ ABSL_GUARDED_BY(mutex_) = 0;  // in a row
  absl::Status last_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simclr::coordinator
