#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "coordinator/state/cluster_state.h"
#include "coordinator/state/records.h"
#include "simclr/v1/event.pb.h"

namespace simclr::coordinator {

struct StoredEvent {
  std::int64_t revision = 0;
  bool lost = false;  // its row is missing or on a damaged page
  std::string body;   // a v1::Event
};

// What builds a state: a snapshot, and every event after it.
struct History {
  std::int64_t revision = 0;  // of the snapshot; 0: from nothing
  std::string snapshot;
  std::vector<StoredEvent> events;
};

struct ReplayOptions {
  std::set<std::int64_t> skip;  // events that are taken out
  // What does not fit is taken out, too. Otherwise the first such event ends the replay.
  bool repair = false;
  std::string directory;  // for the advice in an error
};

struct Replayed {
  ClusterState state;
  std::map<std::string, JobPtr>
      ended;  // jobs that ended since the snapshot, and those that the snapshot still held
  std::vector<v1::Event> events;  // after the snapshot; with those that stand in place of what was taken out
  std::vector<std::string> findings;  // what was taken out, and why
};

// Applies the events to the snapshot. An event that is taken out is replaced by one that ends its job as
// FAILED, with REASON_REPAIRED, from the record of before it; where it has no open job, by one that changes
// nothing. So the new history has no gap and can be replayed. Files that were condemned since are not any
// more: with other events their job may need them. DATA_LOSS: an event does not fit; its revision, text,
// reason. Pure.
absl::StatusOr<Replayed> Replay(const History& history, const ReplayOptions& options);

// The event that ends an open job, whatever state it is in.
v1::Event EndJob(const v1::JobRecord& record, v1::Phase phase, v1::Reason reason, const std::string& message);

// "event 17 (attempt_placed { job_id: ... })", shortened.
std::string DescribeEvent(const v1::Event& event);

}  // namespace simclr::coordinator
