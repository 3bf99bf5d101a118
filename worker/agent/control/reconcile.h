#pragma once

#include <set>
#include <vector>

#include "simclr/v1/worker_service.pb.h"
#include "worker/agent/base/rank_key.h"

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
// wanted. An order that only newer programs know starts and ends nothing. A rank in `ended` ran here already
// and is never started a second time; a slot that a dying trainer
// still holds is not given to the next one before it is free. Pure; the order follows `wanted`, kills first.
std::vector<Action> Reconcile(const v1::Desired& wanted, const std::vector<LiveRank>& live,
                              const std::set<RankKey>& ended);

}  // namespace simclr::agent
