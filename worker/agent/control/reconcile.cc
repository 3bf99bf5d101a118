#include "worker/agent/control/reconcile.h"

#include <map>

namespace simclr::agent {

std::vector<Action> Reconcile(const v1::Desired& wanted, const std::vector<LiveRank>& live,
                              const std::set<RankKey>& ended) {
  std::set<RankKey> wanted_keys;
  for (const v1::DesiredRank& rank : wanted.ranks()) wanted_keys.insert(KeyOf(rank));

  std::vector<Action> actions;
  std::map<RankKey, const LiveRank*> lives;
  std::set<int> held_slots;
  for (const LiveRank& rank : live) {
    lives[rank.key] = &rank;
    held_slots.insert(rank.slot);
    if (!wanted_keys.contains(rank.key) && !rank.being_killed)
      actions.push_back({ActionKind::kKill, rank.key, {}});
  }
  for (const v1::DesiredRank& rank : wanted.ranks()) {
    const RankKey key = KeyOf(rank);
    const bool draining = rank.order() == v1::ORDER_DRAIN;
    const auto found = lives.find(key);
    if (found == lives.end()) {
      const bool to_start = rank.order() == v1::ORDER_PREPARE || rank.order() == v1::ORDER_RUN;
      const bool startable = to_start && !ended.contains(key) && held_slots.insert(rank.slot()).second;
      if (startable) actions.push_back({ActionKind::kStart, key, rank});
      continue;
    }
    const LiveRank& here = *found->second;
    if (here.being_killed) continue;
    if (!here.has_run && !rank.store_endpoint().empty()) actions.push_back({ActionKind::kRun, key, rank});
    if (!here.draining && draining) actions.push_back({ActionKind::kDrain, key, rank});
  }
  return actions;
}

}  // namespace simclr::agent
