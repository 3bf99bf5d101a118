#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace simclr {

// Named threads that run calls in the order in which they came. Destruction runs what waits. Thread-safe.
class ThreadPool {
 public:
  ThreadPool(const std::string& name, int threads, std::size_t max_waiting);
  ~ThreadPool();

  // False: too many calls wait, and `call` is not run.
  bool Run(std::function<void()> call);

 private:
  void Loop();

  const std::size_t max_waiting_;
  absl::Mutex mutex_;
  std::deque<std::function<void()>> waiting_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace simclr
