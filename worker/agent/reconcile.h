#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "simclr/v1/worker_service.pb.h"
#include "worker/agent/rank_key.h"

namespace simclr::agent {

// A trainer that lives here, as far as the decision needs it.
struct LiveRank {
  RankKey key;
  int slot = 0;
  bool has_run = false;  // the store's endpoint was passed on
  bool draining = false;
  bool being_killed = false;
};

enum class ActionKind { kStart, kRun, kDrain, kKill };

struct Action {
  ActionKind kind;
  RankKey key;
  v1::DesiredRank wanted;  // empty for kKill

  bool operator==(const Action& other) const { return kind == other.kind && key == other.key; }
};

// What brings `live` to `wanted`: starts what is missing, passes the endpoint on, drains, kills what is not
// wanted. A rank in `ended` ran here already and is never started a second time; a slot that a dying trainer
// still holds is not given to the next one before it is free. Pure; the order follows `wanted`, kills first.
std::vector<Action> Reconcile(const v1::Desired& wanted, const std::vector<LiveRank>& live,
                              const std::set<RankKey>& ended);

// Decides which Desired may be obeyed. Not thread-safe.
class DesiredGate {
 public:
  // `cluster_id` is the cluster that the agent belongs to; empty: the first one that speaks.
  explicit DesiredGate(std::string cluster_id) : cluster_id_(std::move(cluster_id)) {}

  // OK: obey it. ABORTED for a lower term (an old coordinator that still lives) or an older sequence of this
  // term, FAILED_PRECONDITION for another cluster.
  absl::Status Admit(const v1::Desired& desired);

  std::int64_t term() const { return term_; }
  const std::string& cluster_id() const { return cluster_id_; }

 private:
  std::string cluster_id_;
  std::int64_t term_ = 0;
  std::int64_t sequence_ = 0;
};

}  // namespace simclr::agent
