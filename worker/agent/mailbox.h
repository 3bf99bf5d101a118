#pragma once

#include <deque>
#include <functional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace simclr::agent {

// Work that any thread hands to one thread. Thread-safe.
class Mailbox {
 public:
  void Post(std::function<void()> work) {
    absl::MutexLock lock(&mutex_);
    work_.push_back(std::move(work));
  }

  // Waits at most `limit` for work, then does all that is there, in order.
  void Drain(absl::Duration limit) {
    std::deque<std::function<void()>> batch;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.AwaitWithTimeout(absl::Condition(this, &Mailbox::HasWork), limit);
      batch.swap(work_);
    }
    for (const std::function<void()>& work : batch) work();
  }

 private:
  bool HasWork() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !work_.empty(); }

  absl::Mutex mutex_;
  std::deque<std::function<void()>> work_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simclr::agent
