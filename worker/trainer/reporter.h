#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "engine/train/train_observer.h"
#include "worker/trainer/agent_link.h"
#include "worker/trainer/order_inbox.h"

namespace simclr::trainer {

// Who reports.
struct RankIdentity {
  std::string job_id;
  std::int32_t attempt = 0;
  std::int32_t rank = 0;
};

// Tells the agent what the engine does, from a thread of its own, so that the training thread never waits for
// an RPC. Reports keep their order; of progress only the newest is sent, at each change and at least once a
// second. Where the stream is lost or too slow, metrics are dropped and training goes on. Thread-safe.
class Reporter : public engine::TrainObserver {
 public:
  // `link` and `inbox` outlive the reporter.
  Reporter(RankIdentity identity, AgentLink& link, OrderInbox& inbox);
  // Abandons what was not sent.
  ~Reporter() override;

  void Hello(const std::string& build);
  void StoreEndpoint(const std::string& endpoint);
  // The last report. Waits until everything is sent; false where that takes longer than `timeout`.
  bool End(const v1::TrainerEnd& end, absl::Duration timeout);

  void OnStarted(std::int64_t resumed_from_step, std::int64_t total_steps,
                 const std::string& precision) override;
  void OnActivity(engine::Activity activity, std::int64_t step, std::int64_t total_steps,
                  double epoch) override;
  void OnStep(const engine::StepReport& report) override;
  void OnWait(bool waiting) override { waiting_ = waiting; }
  void OnCheckpoint(const engine::CheckpointReport& report) override;
  void OnWarning(const std::string& text) override;
  std::vector<std::string> TakeRetired() override { return inbox_.TakeRetired(); }
  bool DrainRequested() override { return inbox_.drain_requested(); }

 private:
  void Enqueue(v1::TrainerReport report) ABSL_LOCKS_EXCLUDED(mutex_);
  void SendLoop() ABSL_LOCKS_EXCLUDED(mutex_);
  // What to send next; nothing at the end. Repeats the progress after a second of silence.
  std::optional<v1::TrainerReport> Next() ABSL_LOCKS_EXCLUDED(mutex_);
  bool Something() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return !queue_.empty() || progress_changed_ || closed_;
  }
  bool AllSent() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return lost_ || (queue_.empty() && !sending_); }

  const RankIdentity identity_;
  AgentLink& link_;
  OrderInbox& inbox_;
  std::atomic<bool> waiting_ = false;  // told by the next progress, at the latest after a second
  absl::Mutex mutex_;
  std::deque<v1::TrainerReport> queue_ ABSL_GUARDED_BY(mutex_);
  v1::Progress progress_ ABSL_GUARDED_BY(mutex_);
  bool progress_changed_ ABSL_GUARDED_BY(mutex_) = false;
  bool sending_ ABSL_GUARDED_BY(mutex_) = false;
  bool lost_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::jthread sender_;
};

}  // namespace simclr::trainer
