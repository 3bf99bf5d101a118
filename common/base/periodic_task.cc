#include "common/base/periodic_task.h"

#include <pthread.h>

#include <utility>

namespace simclr {

PeriodicTask::PeriodicTask(const std::string& name, absl::Duration interval, std::function<void()> work)
    : interval_(interval), work_(std::move(work)), thread_([this] { Loop(); }) {
  pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());  // the kernel's limit
}

PeriodicTask::~PeriodicTask() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void PeriodicTask::WakeNow() {
  absl::MutexLock lock(&mutex_);
  woken_ = true;
}

void PeriodicTask::Loop() {
  for (;;) {
    work_();
    absl::MutexLock lock(&mutex_);
    const auto due = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return woken_ || stopping_; };
    mutex_.AwaitWithTimeout(absl::Condition(&due), interval_);
    if (stopping_) return;
    woken_ = false;
  }
}

}  // namespace simclr
