#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/bounded_queue.h"
#include "worker/trainer/agent_link.h"

namespace simclr::trainer {

// The agent's end in the hands of a test: it orders, and keeps what the trainer reports. Thread-safe.
class FakeAgentLink : public AgentLink {
 public:
  void Order(v1::TrainerOrder order) { orders_.Push(std::move(order)); }
  // As if the agent had died.
  void Lose() {
    absl::MutexLock lock(&mutex_);
    lost_ = true;
    orders_.Close();
  }

  bool Send(const v1::TrainerReport& report) override {
    absl::MutexLock lock(&mutex_);
    if (lost_) return false;
    reports_.push_back(report);
    return true;
  }
  std::optional<v1::TrainerOrder> Receive() override { return orders_.Pop(); }
  void Close() override { orders_.Close(); }
  void Abandon() override { Lose(); }

  // All reports in order, but for progress and totals, whose number depends on the time.
  std::vector<v1::TrainerReport> reports() const {
    absl::MutexLock lock(&mutex_);
    std::vector<v1::TrainerReport> told;
    for (const v1::TrainerReport& report : reports_) {
      if (!report.has_progress() && !report.has_totals()) told.push_back(report);
    }
    return told;
  }
  // Whether such a report came, or comes within ten seconds.
  bool Await(const std::function<bool(const v1::TrainerReport&)>& such) const {
    absl::MutexLock lock(&mutex_);
    const auto there = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return std::any_of(reports_.begin(), reports_.end(), such);
    };
    return mutex_.AwaitWithTimeout(absl::Condition(&there), absl::Seconds(10));
  }
  // The newest; empty before the first.
  v1::TrainerTotals totals() const {
    absl::MutexLock lock(&mutex_);
    v1::TrainerTotals newest;
    for (const v1::TrainerReport& report : reports_) {
      if (report.has_totals()) newest = report.totals();
    }
    return newest;
  }

 private:
  BoundedQueue<v1::TrainerOrder> orders_{100};
  mutable absl::Mutex mutex_;
  std::vector<v1::TrainerReport> reports_ ABSL_GUARDED_BY(mutex_);
  bool lost_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace simclr::trainer
