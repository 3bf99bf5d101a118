#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "coordinator/core/moment.h"
#include "coordinator/core/shared_state.h"
#include "coordinator/state/observer.h"
#include "coordinator/state/overlay.h"
#include "coordinator/store/journal.h"

namespace simclr::coordinator {

// What an intent sees and adds while it is decided: the state as it will be once everything before it in the
// batch is durable. For the deciding thread alone.
class Decision {
 public:
  // `requests`: those that the batch already answers. All outlives the decision.
  Decision(const ClusterState& base, Overlay& overlay, const std::vector<RequestRecord>& requests,
           Journal& journal, const Moment& now, std::string actor)
      : base_(base),
        overlay_(overlay),
        requests_(requests),
        journal_(journal),
        now_(now),
        actor_(std::move(actor)) {}

  const Overlay& state() const { return overlay_; }
  const ClusterState& base() const { return base_; }  // before the batch; for its indexes
  const Moment& now() const { return now_; }
  const std::string& actor() const { return actor_; }

  // INTERNAL: `event` breaks an invariant; it is left out.
  absl::Status Add(v1::Event event);
  // Of the actor, in this batch or before it.
  absl::StatusOr<std::optional<RequestRecord>> FindRequest(const std::string& method,
                                                           const std::string& request_id) const;
  void Remember(RequestRecord request);
  const std::optional<RequestRecord>& answered() const { return answered_; }

 private:
  const ClusterState& base_;
  Overlay& overlay_;
  const std::vector<RequestRecord>& requests_;
  std::optional<RequestRecord> answered_;
  Journal& journal_;
  const Moment now_;
  const std::string actor_;
};

// A change that somebody asks for.
struct Intent {
  std::string actor;
  // Adds events, or refuses with a status: then nothing of this intent happens. It changes nothing else.
  std::function<absl::Status(Decision&)> decide;
  // Called once, on the writer's thread, when the decision is durable or will never be. It must return at
  // once.
  std::function<void(const absl::Status&)> done;
  std::function<bool()>
      gone;  // whether nobody waits any more; such an intent is dropped undecided. May be empty.
};

struct WriterOptions {
  std::size_t max_batch = 256;
  std::size_t max_waiting = 4096;
  // After a failure that leaves open whether the batch is durable. Must not return.
  std::function<void(const absl::Status&)> die;
};

// The one place where the durable state changes. It takes the intents that wait, decides them in order on an
// overlay, makes their events durable in one transaction without holding any lock, stores the new records,
// and answers. The next batch gathers meanwhile. Enqueue is thread-safe; the rest is for one thread.
class Writer {
 public:
  // Everything outlives the writer. `on_applied` hears of each batch of events that was applied.
  Writer(WriterOptions options, const ServiceClock& clock, Journal& journal, SharedState& shared,
         CoordinatorObserver& observer, std::function<void(const std::vector<CheckedEvent>&)> on_applied);

  // RESOURCE_EXHAUSTED: too many wait. UNAVAILABLE: closed. `done` is not called then.
  absl::Status Enqueue(Intent intent) ABSL_LOCKS_EXCLUDED(mutex_);
  // Nothing new is taken; what waits can still be run.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits until an intent or a wake is there, at most `timeout`.
  void Await(absl::Duration timeout) ABSL_LOCKS_EXCLUDED(mutex_);
  void Wake() ABSL_LOCKS_EXCLUDED(mutex_);

  // One batch of what waits; false: nothing waited.
  bool RunOnce() ABSL_LOCKS_EXCLUDED(mutex_);
  // Decisions that nobody waits for, as a batch of their own. An error: nothing of it happened.
  absl::Status Write(const std::string& actor, const std::function<void(Decision&)>& decide);

 private:
  struct Batch;

  std::vector<Intent> TakeWaiting() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Decide(const Intent& intent, Batch& batch) ABSL_SHARED_LOCKS_REQUIRED(shared_.mutex);
  std::vector<absl::Status> DecideAll(const std::vector<Intent>& intents, std::optional<Batch>& batch);
  absl::Status Commit(const Batch& batch);
  Stamp StampOf(const Moment& now) const ABSL_SHARED_LOCKS_REQUIRED(shared_.mutex);

  const WriterOptions options_;
  const ServiceClock& clock_;
  Journal& journal_;
  SharedState& shared_;
  CoordinatorObserver& observer_;
  const std::function<void(const std::vector<CheckedEvent>&)> on_applied_;

  absl::Mutex mutex_;
  std::deque<Intent> waiting_ ABSL_GUARDED_BY(mutex_);
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace simclr::coordinator
