#include "worker/agent/base/part_thread.h"

#include <pthread.h>

#include <algorithm>

namespace simclr::agent {

PartThread::PartThread(const std::string& name, Part& part, const Clock& clock)
    : part_(part), clock_(clock), thread_([this] { Loop(); }) {
  ::pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
}

PartThread::~PartThread() {
  Stop(absl::ZeroDuration());
  thread_.join();
}

bool PartThread::Stop(absl::Duration limit) {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
  part_.wake().Raise();
  return mutex_.AwaitWithTimeout(absl::Condition(&ended_), limit);
}

void PartThread::Loop() {
  while (true) {
    const absl::Duration again = part_.RunOnce(clock_.Monotonic());
    {
      absl::MutexLock lock(&mutex_);
      ended_ = stopping_;
      if (ended_) return;
    }
    part_.wake().Await(std::max(again - clock_.Monotonic(), absl::ZeroDuration()));
  }
}

}  // namespace simclr::agent
