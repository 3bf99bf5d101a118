#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "engine/train/train_observer.h"
#include "worker/trainer/agent_link.h"
#include "worker/trainer/order_inbox.h"
#include "worker/trainer/sample_ring.h"
#include "worker/trainer/totals.h"

namespace simclr::trainer {

// Who reports.
struct RankIdentity {
  std::string job_id;
  std::int32_t attempt = 0;
  std::int32_t rank = 0;
  std::string nonce;  // of the placement
};

// Steps that wait for the agent at most; of more, only the totals are told.
inline constexpr std::size_t kMaxWaitingSteps = 1024;
// Warnings that wait for the agent at most; the rest is in the trainer's log alone.
inline constexpr std::size_t kMaxWaitingWarnings = 100;

// Tells the agent what the engine does, from a thread of its own. What is called in every step (OnActivity,
// OnWait, OnDataRead, OnStep, DrainRequested) takes no lock, allocates nothing and wakes nobody: the sending
// thread looks ten times a second. Reports keep their order; progress is told when it changed and at least
// once a second, totals once a second. Where the stream is lost or too slow, steps are dropped and training
// goes on. Thread-safe, but for OnStep and OnCheckpoint, which belong to the training thread.
class Reporter : public engine::TrainObserver {
 public:
  // `link` and `inbox` outlive the reporter.
  Reporter(RankIdentity identity, AgentLink& link, OrderInbox& inbox);
  // Abandons what was not sent.
  ~Reporter() override;

  void Hello(const std::string& build);
  void StoreEndpoint(const std::string& endpoint);
  // Images of this rank in each step, for the totals.
  void SetImagesPerStep(std::int64_t images) { totals_.SetImagesPerStep(images); }
  // The last report. Waits until everything is sent; false where that takes longer than `timeout`.
  bool End(const v1::TrainerEnd& end, absl::Duration timeout);

  void OnStarted(std::int64_t resumed_from_step, std::int64_t total_steps,
                 const std::string& precision) override;
  void OnActivity(engine::Activity activity, std::int64_t step, std::int64_t total_steps,
                  double epoch) override;
  void OnWait(bool waiting) override { now_.waiting = waiting; }
  void OnDataRead(std::int64_t files, std::int64_t bytes) override {
    now_.files.fetch_add(files, std::memory_order_relaxed);
    now_.bytes.fetch_add(bytes, std::memory_order_relaxed);
  }
  void OnStep(const engine::StepReport& report) override;
  void OnCheckpoint(const engine::CheckpointReport& report) override;
  void OnWarning(const std::string& text) override;
  bool DrainRequested() override { return inbox_.drain_requested(); }

 private:
  struct Sample {
    engine::StepReport step;
    absl::Time at;
  };
  // A report, and how many samples go before it.
  struct Waiting {
    v1::TrainerReport report;
    std::uint64_t samples = 0;
  };
  // Where the training thread is. Each number is right by itself; they may be of two moments close to each
  // other.
  struct Now {
    std::atomic<engine::Activity> activity = engine::Activity::kInit;
    std::atomic<bool> waiting = false;
    std::atomic<std::int64_t> step = 0;
    std::atomic<std::int64_t> total_steps = 0;
    std::atomic<double> epoch = 0;
    std::atomic<std::int64_t> files = 0;  // of the data set, listed
    std::atomic<std::int64_t> bytes = 0;  // of it, read
  };

  void Enqueue(v1::TrainerReport report) ABSL_LOCKS_EXCLUDED(mutex_);
  v1::Progress ReadProgress() const;

  // Of the sending thread. Those that send are false once the stream is lost.
  void SendLoop() ABSL_LOCKS_EXCLUDED(mutex_);
  bool AwaitWork() ABSL_LOCKS_EXCLUDED(mutex_);  // false: closed
  std::optional<Waiting> TakeReport() ABSL_LOCKS_EXCLUDED(mutex_);
  bool SendAll() ABSL_LOCKS_EXCLUDED(mutex_);
  bool SendSamples(std::uint64_t until);
  bool SendTotals();
  bool SendProgress();

  bool HasWork() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !queue_.empty() || closed_; }
  bool AllSent() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return lost_ || (queue_.empty() && !sending_); }

  const RankIdentity identity_;
  AgentLink& link_;
  OrderInbox& inbox_;
  Totals totals_;
  SampleRing<Sample> samples_;
  Now now_;

  absl::Mutex mutex_;
  std::deque<Waiting> queue_ ABSL_GUARDED_BY(mutex_);
  std::size_t waiting_warnings_ ABSL_GUARDED_BY(mutex_) = 0;  // in queue_
  bool sending_ ABSL_GUARDED_BY(mutex_) = false;
  bool lost_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;

  // Of the sending thread.
  bool ended_ = false;  // the last report is out
  v1::Progress told_progress_;
  absl::Duration progress_at_ = -absl::InfiniteDuration();
  absl::Duration totals_at_ = -absl::InfiniteDuration();
  std::jthread sender_;
};

}  // namespace simclr::trainer
