#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace simclr::agent {

// Raised by whoever gives a part something to do. Thread-safe.
class Wake {
 public:
  void Raise() {
    absl::MutexLock lock(&mutex_);
    raised_ = true;
  }
  // Waits until it is raised, at most `limit`, and lowers it.
  void Await(absl::Duration limit) {
    absl::MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout(absl::Condition(&raised_), limit);
    raised_ = false;
  }

 private:
  absl::Mutex mutex_;
  bool raised_ ABSL_GUARDED_BY(mutex_) = false;
};

// A part of the agent that has a thread of its own (PartThread), so that what it waits for holds up no other
// part. Work comes in by calls that only queue it and raise the wake. Tests call RunOnce by hand.
class Part {
 public:
  virtual ~Part() = default;

  // Does what is due at `now`, by the monotonic clock, one piece of work at a time, and tells when it wants
  // to be called again without being woken: `now` where more waits, infinity for never. May block on what the
  // part is there for. For one thread.
  virtual absl::Duration RunOnce(absl::Duration now) = 0;

  Wake& wake() { return wake_; }

 private:
  Wake wake_;
};

}  // namespace simclr::agent
