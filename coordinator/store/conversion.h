#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "coordinator/state/cluster_state.h"
#include "coordinator/state/records.h"
#include "coordinator/store/history.h"
#include "simclr/v1/event.pb.h"

namespace simclr::coordinator {

// A state of schema 1 in the form of schema 2.
struct Converted {
  std::int64_t revision = 0;      // of `before`
  std::string before;             // the state as it was, in the new form
  std::vector<v1::Event> events;  // ends of the attempts that were live: agents of before are not obeyed
  ClusterState after;
  std::map<std::string, JobPtr> ended;
};

// Incarnations and nonces of agents become 0, as only the coordinator gives them; jobs whose attempts end
// wait again, or are cancelled where that was under way; waits until a time become waits of service time,
// which begins here; texts are cut to what is allowed. Pure.
absl::StatusOr<Converted> ConvertState(const Replayed& replayed, absl::Time now);

}  // namespace simclr::coordinator
