#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "coordinator/core/agenda.h"
#include "coordinator/core/decisions.h"
#include "coordinator/core/writer.h"
#include "coordinator/policy/gang_queue.h"
#include "coordinator/policy/gang_scheduler.h"
#include "coordinator/policy/slot_pool.h"
#include "coordinator/policy/waiting_message.h"
#include "coordinator/state/observer.h"

namespace simclr::coordinator {

struct TickerOptions {
  PolicyOptions policy;
  absl::Duration coalesce = absl::Milliseconds(50);  // between the end of a tick and the next one
  absl::Duration slice = absl::Milliseconds(5);      // then waiting intents have their turn
  absl::Duration look_again =
      absl::Seconds(1);  // at each worker and each live attempt, though nothing changed
  absl::Duration plan_again = absl::Seconds(10);  // the whole queue, though nothing changed
  std::function<std::uint64_t()> random;          // makes the nonces of placements
};

// Lets time pass: looks at the jobs and workers of which something changed or whose time has come, then
// places what fits. A tick is done in slices, each a batch of its own. For the writer's thread, but for
// `agenda`, Wants and WaitsFor.
class Ticker {
 public:
  // All of it outlives the ticker.
  Ticker(TickerOptions options, const ServiceClock& clock, Observations& observations,
         CoordinatorObserver& observer);

  // Everything is to be looked at: at a start, and after a batch that could not be written.
  void Rebuild(const ClusterState& state);
  // What was applied changes what is to be looked at.
  void OnApplied(const ClusterState& state, const std::vector<CheckedEvent>& events);

  // When the next slice is due, by the monotonic clock.
  absl::Duration NextSlice() const;
  bool in_tick() const { return in_tick_; }  // the last slice left something for another one
  void Slice(Decision& decision);
  // A slice could not be written: all is looked at again, a second later.
  void Abandon(const ClusterState& state);

  Agenda& agenda() { return agenda_; }
  // For people: what a queued job waits for.
  std::string WaitsFor(const v1::JobRecord& record) const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // What WaitsFor needs, as of the last pass over the queue.
  struct Board {
    std::map<v1::Device, WaitingView> devices;
    std::map<v1::Device, v1::Device> resolved;
  };

  Situation SituationOf(const Decision& decision) const;
  void LookAround(Decision& decision, absl::Duration deadline);
  void LookAtWorker(Decision& decision, const std::string& name);
  void LookAtJob(Decision& decision, const std::string& id);
  void Schedule(Decision& decision, absl::Duration deadline);
  void Obey(Decision& decision, const GangDecision& gang);
  void FollowQueue(const v1::JobRecord& record, const Moment& now);
  void NoteSlotTime(const ClusterState& state, const Moment& now);
  void Show(const ClusterState& state);

  const TickerOptions options_;
  const ServiceClock& clock_;
  Observations& observations_;
  CoordinatorObserver& observer_;
  Agenda agenda_;

  GangQueue queue_;
  SlotPool pool_;
  std::map<std::string, WorkerView> shown_;  // to the pool
  std::optional<SchedulingPass> pass_;
  bool plan_wanted_ = true;  // the whole queue: slots or their devices changed
  absl::Duration planned_at_ = -absl::InfiniteDuration();
  absl::Duration ended_at_ = -absl::InfiniteDuration();  // of the last tick
  absl::Duration slots_counted_at_;
  bool in_tick_ = false;
  absl::Duration tick_took_;  // so far

  mutable absl::Mutex mutex_;
  Board board_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simclr::coordinator
