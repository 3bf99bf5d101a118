#pragma once

#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace simclr {

struct GateLimits {
  int inside = 1;    // callers at the same time
  int waiting = 64;  // further ones, which wait for one of those to leave
  absl::Duration patience = absl::Seconds(10);
};

// Lets few threads at a time do what may block for long, such as reading a shared disk: the others wait for a
// while, and get an answer in any case. Thread-safe.
class Gate {
 public:
  // Being inside, until it is destroyed.
  class Pass {
   public:
    explicit Pass(Gate* gate) : gate_(gate) {}
    ~Pass();
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;

   private:
    Gate* gate_;
  };

  // `what` is behind it, as people call it: "storage".
  Gate(std::string what, const GateLimits& limits) : what_(std::move(what)), limits_(limits) {}

  // UNAVAILABLE: too many wait, or nobody left within the patience; the message says for how long nobody did.
  absl::StatusOr<Pass> Enter();

 private:
  void Leave();
  bool HasRoom() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return inside_ < limits_.inside; }
  absl::Status Refusal() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  const std::string what_;
  const GateLimits limits_;
  absl::Mutex mutex_;
  int inside_ ABSL_GUARDED_BY(mutex_) = 0;
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Duration moved_ ABSL_GUARDED_BY(mutex_);  // when somebody came in or left last
};

}  // namespace simclr
