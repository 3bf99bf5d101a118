#pragma once

#include <functional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace simclr {

// A named thread that runs `work` at once and then every `interval`, or earlier when it is woken. Destruction
// waits for a run that is under way and starts no further one. Thread-safe.
class PeriodicTask {
 public:
  PeriodicTask(const std::string& name, absl::Duration interval, std::function<void()> work);
  ~PeriodicTask();

  // Several wakes before the next run count as one; a wake during a run makes another one follow.
  void WakeNow();

 private:
  void Loop();

  const absl::Duration interval_;
  const std::function<void()> work_;
  absl::Mutex mutex_;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace simclr
