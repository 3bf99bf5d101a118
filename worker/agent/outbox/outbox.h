#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "worker/agent/base/coordinator_client.h"
#include "worker/agent/base/part.h"
#include "worker/agent/files/files.h"
#include "worker/agent/outbox/answer.h"
#include "worker/agent/outbox/report.h"

namespace simclr::agent {

inline constexpr std::size_t kMaxWaitingMetrics = 4096;  // messages

struct OutboxOptions {
  BackoffOptions retry = {};
  int tries = 3;  // of what the coordinator cannot take
  // For what an earlier agent left, from the coordinator's first answer on: this agent's session waits for
  // it.
  absl::Duration inherited_limit = absl::Seconds(10);
  std::size_t max_metrics = kMaxWaitingMetrics;
};

// The part that delivers: two lanes, of which the facts (commits, exits, archived logs) go first, in the
// order of their coming. Facts go out from memory while the spool keeps them on disk for the next agent. An
// exit waits for the metrics of its rank as long as they are taken, since none are taken after it. What the
// coordinator refuses for good is put aside in the spool's quarantine, and an exit reported bare in its
// place. Of metrics only the newest wait; they are on no disk. Thread-safe but for RunOnce.
class Outbox : public Part {
 public:
  struct Figures {
    std::size_t facts = 0;    // that wait
    std::size_t metrics = 0;  // likewise
    std::int64_t metrics_dropped = 0;
    std::size_t quarantined = 0;  // items on disk
    std::string newest_refusal;   // why the newest was put aside; empty: an earlier agent did it
  };

  // `inherited` is what the spool had. What is passed by reference outlives the outbox; `seed` draws the
  // jitter.
  Outbox(const OutboxOptions& options, Files& files, CoordinatorClient& coordinator, const Clock& clock,
         SpoolContents inherited, std::uint64_t seed);

  void Add(Report report);
  // The coordinator is back: do not wait for the backoff.
  void Nudge();
  // Keeps the metrics on disk as well, for the next agent.
  void Park();

  absl::Duration RunOnce(absl::Duration now) override;

  // What an earlier agent left is delivered or put aside.
  bool settled() const;
  Figures figures() const;

 private:
  struct Item {
    std::uint64_t sequence = 0;
    std::shared_ptr<const Report> report;
    bool inherited = false;
    bool bare = false;  // stands in for an exit that was put aside
    int tries = 0;
  };
  struct Lane {
    explicit Lane(const BackoffOptions& options, std::uint64_t seed) : backoff(options, seed) {}

    std::deque<Item> items;  // by sequence
    Backoff backoff;
    absl::Duration retry_at = -absl::InfiniteDuration();
  };

  void Inherit(SpoolContents contents) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void InheritDamaged(SpoolItem item, const absl::Status& damage) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Append(Item item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Lane& LaneOf(const Item& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::optional<Item> Next(absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  const Item* UntriedMetricsOf(const RankKey& rank) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Duration NextDue() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Deliver(const Report& report);
  void Settle(const Item& item, const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TryLater(const Item& item, bool everything, const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Remove(const Item& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Refuse(const Item& item, const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HoldsUpSession(const Item& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const OutboxOptions options_;
  Files& files_;
  CoordinatorClient& coordinator_;
  const Clock& clock_;

  mutable absl::Mutex mutex_;
  Lane facts_ ABSL_GUARDED_BY(mutex_);
  Lane metrics_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t next_sequence_ ABSL_GUARDED_BY(mutex_) = 1;
  std::size_t inherited_ ABSL_GUARDED_BY(mutex_) = 0;  // facts that are still here
  std::optional<absl::Duration> held_up_since_ ABSL_GUARDED_BY(mutex_);
  std::set<RankKey> lost_checkpoint_ ABSL_GUARDED_BY(mutex_);  // ranks whose newest one was refused
  Figures counts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace simclr::agent
