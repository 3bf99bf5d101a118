#include "worker/agent/agent_view.h"

#include "common/base/protocol.h"
#include "worker/agent/agent.h"

namespace simclr::agent {

v1::Observed Agent::Observed(absl::Duration now) const {
  v1::Observed observed;
  observed.set_worker(options_.worker);
  observed.set_incarnation(gate_.incarnation());
  observed.set_nonce(options_.nonce);
  observed.set_pid(options_.pid);
  observed.set_protocol(kProtocol);
  observed.set_cluster_id(gate_.cluster_id());
  observed.set_address(options_.address);
  observed.set_version(options_.version);
  if (options_.build) observed.set_build(options_.build());
  observed.set_threads_per_slot(options_.threads_per_slot);
  observed.set_seen_term(gate_.term());
  observed.mutable_slots()->Assign(slots_.begin(), slots_.end());
  for (const auto& [key, rank] : ranks_) *observed.add_ranks() = rank.Observed(now);
  observed.set_leaving(CanLeave());
  return observed;
}

std::vector<FollowedLog> Agent::Followed() const {
  std::vector<FollowedLog> followed;
  for (const v1::DesiredRank& rank : desired_.ranks()) {
    const auto live = ranks_.find(KeyOf(rank));
    if (rank.followed() && live != ranks_.end()) followed.push_back({live->first, live->second.log().path()});
  }
  return followed;
}

AgentView Agent::View() const {
  AgentView view;
  view.observed = Observed(parts_.clock.Monotonic());
  view.connected = connected_;
  view.draining = leaving_;
  view.last_ack = last_ack_;
  view.term = gate_.term();
  view.conflicts = gate_.conflicts();
  view.spooled = reports_.waiting();
  view.figures = figures_;
  view.gpus = parts_.slots.gpus();
  return view;
}

}  // namespace simclr::agent
