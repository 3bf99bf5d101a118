#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "coordinator/state/records.h"
#include "coordinator/state/state_reader.h"
#include "simclr/v1/event.pb.h"

namespace simclr::coordinator {

// What one event makes of the records that it touches.
struct Change {
  std::int64_t revision = 0;
  google::protobuf::Timestamp at;
  google::protobuf::Duration service_time;
  std::map<std::string, JobPtr> jobs;              // new records; an ended job leaves the open ones
  std::map<std::string, JobPtr> stubs;             // of ended jobs that a new job names
  std::map<std::string, WorkerPtr> workers;        // new records
  std::map<SlotKey, std::string> slots;            // new holders; empty: free
  std::map<std::string, TombstonePtr> tombstones;  // of ended jobs that are deleted
  std::map<std::string, std::string> condemned;    // paths, and the job of each; empty: the files are gone
};

// The one place that knows what an event means, and so the one check of whether it may happen: what is
// refused here never becomes durable, and what became durable is applied by storing the pointers of its
// Change.
//
// INTERNAL where `event` breaks an invariant, naming it:
//  - the revision grows by one; job ids grow; a job that ended never changes; a phase follows one that it can
//  follow;
//  - attempts are numbered 1, 2, 3, ...; only the last may be live; the gang of an attempt is complete, its
//  ranks are
//    0, 1, 2, ...;
//  - no slot belongs to two live ranks;
//  - only a slot in which jobs failed is excluded;
//  - only a job that ended is deleted, and once; only what was condemned is collected.
// Pure.
absl::StatusOr<Change> Derive(const StateReader& before, const v1::Event& event);

}  // namespace simclr::coordinator
