#pragma once

#include <atomic>
#include <optional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "worker/trainer/agent_link.h"

namespace simclr::trainer {

// The agent's orders, received by a thread of its own and kept until the training thread asks. What does not
// pass the door (CheckMessage) is left out and said. Thread-safe.
class OrderInbox {
 public:
  // `link` outlives the inbox.
  explicit OrderInbox(AgentLink& link);
  // Waits for the receiving thread: close or abandon the link first.
  ~OrderInbox();

  // Wait for the order. UNAVAILABLE where the stream is lost first, CANCELLED where the trainer is asked to
  // stop first, INVALID_ARGUMENT where an order was refused that may have been this one.
  absl::StatusOr<v1::TrainerStart> AwaitStart() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<v1::TrainerRun> AwaitRun() ABSL_LOCKS_EXCLUDED(mutex_);

  // Takes no lock: asked in every step.
  bool drain_requested() const { return drain_; }
  // Whether the stream ended within `timeout`.
  bool AwaitEnd(absl::Duration timeout) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Receive();
  void Keep(const v1::TrainerOrder& order) ABSL_LOCKS_EXCLUDED(mutex_);
  void Refuse(const absl::Status& refused) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status WhyNot() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  bool Over() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return drain_ || ended_ || !refused_.ok(); }
  bool StartOrOver() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return start_ || Over(); }
  bool RunOrOver() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return run_ || Over(); }

  AgentLink& link_;
  mutable absl::Mutex mutex_;
  std::optional<v1::TrainerStart> start_ ABSL_GUARDED_BY(mutex_);
  std::optional<v1::TrainerRun> run_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> drain_ = false;  // written under the mutex, so that who waits sees it
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status refused_ ABSL_GUARDED_BY(mutex_);  // why an order was left out
  std::jthread receiver_;
};

}  // namespace simclr::trainer
