#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "coordinator/state/change.h"
#include "coordinator/state/job_record.h"
#include "coordinator/state/state_reader.h"

namespace simclr::coordinator {

// When a batch is decided, on the clocks that its events are stamped with.
struct Stamp {
  absl::Time wall;
  absl::Duration service;
};

// An event that passed the check, and what it makes of the state.
struct CheckedEvent {
  v1::Event event;
  Change change;
  PhaseSpan before;  // of its job
};

// The state as it will be once the events of a batch are durable. Events are checked here, one upon the
// other, before the journal sees any of them. A part of a batch that may be refused is decided on an overlay
// of its own, on this one, and merged or dropped. `base` outlives it and does not change meanwhile.
// Thread-compatible.
class Overlay : public StateReader {
 public:
  Overlay(const StateReader& base, const Stamp& stamp)
      : base_(base), stamp_(stamp), revision_(base.revision()) {}

  // Stamps `event`, checks it and takes it. INTERNAL: it breaks an invariant; nothing changed.
  absl::Status Add(v1::Event event, const std::string& actor);
  // Takes over the events of an overlay on this one.
  void Merge(Overlay child);

  const Stamp& stamp() const { return stamp_; }
  const std::vector<CheckedEvent>& events() const { return events_; }

  std::int64_t revision() const override { return revision_; }
  std::string last_job_id() const override;
  JobPtr FindJob(const std::string& id) const override;
  WorkerPtr FindWorker(const std::string& name) const override;
  std::string HolderOf(const SlotKey& slot) const override;
  std::set<std::string> NamersOf(const std::string& job) const override;
  TombstonePtr FindTombstone(const std::string& id) const override;
  bool IsCondemned(const std::string& path) const override;
  std::int64_t open_jobs() const override { return base_.open_jobs() + open_; }
  std::int64_t open_jobs_of(const std::string& owner) const override;

 private:
  void Take(CheckedEvent checked);
  void Count(const JobPtr& before, const JobPtr& after);

  const StateReader& base_;
  const Stamp stamp_;
  std::int64_t revision_;
  std::vector<CheckedEvent> events_;
  std::map<std::string, JobPtr> jobs_;
  std::map<std::string, WorkerPtr> workers_;
  std::map<SlotKey, std::string> slots_;
  std::map<std::string, TombstonePtr> tombstones_;
  std::map<std::string, std::string> condemned_;
  std::string last_job_id_;
  std::int64_t open_ = 0;                        // beyond those of the base
  std::map<std::string, std::int64_t> open_of_;  // by owner
};

}  // namespace simclr::coordinator
