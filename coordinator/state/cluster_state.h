#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "simclr/v1/event.pb.h"

namespace simclr::coordinator {

// Everything the coordinator must not forget: jobs with their attempts and checkpoints, and workers. It
// changes only by Apply, so the same events always give the same state, byte for byte. Liveness, steps and
// store endpoints are not here: they come back by themselves with the next Observed. Thread-compatible.
class ClusterState {
 public:
  using SlotKey = std::pair<std::string, int>;  // worker, slot index

  ClusterState() = default;

  // DATA_LOSS where the bytes are no snapshot or hold a state that cannot be.
  static absl::StatusOr<ClusterState> Parse(const std::string& bytes);
  // Equal states give equal bytes.
  std::string Serialize() const;

  // INTERNAL where `event` breaks an invariant, naming it; the state is then unusable:
  //  - the revision grows by one; a terminal phase never changes;
  //  - attempts are numbered 1, 2, 3, ...; only the last may be live; the gang of an attempt is complete;
  //  - no slot belongs to two live ranks.
  absl::Status Apply(const v1::Event& event);

  std::int64_t revision() const { return revision_; }

  // By id, which is submit order.
  const std::map<std::string, v1::JobRecord>& jobs() const { return jobs_; }
  const std::map<std::string, v1::WorkerRecord>& workers() const { return workers_; }
  // Ranks of live attempts by the slot that they hold; the value is the job's id.
  const std::map<SlotKey, std::string>& allocations() const { return allocations_; }

  const v1::JobRecord* FindJob(const std::string& id) const;          // null: none
  const v1::JobRecord* FindJobByName(const std::string& name) const;  // the newest
  const v1::WorkerRecord* FindWorker(const std::string& name) const;

 private:
  absl::Status ApplyJobSubmitted(const v1::JobSubmitted& change);
  absl::Status ApplyAttemptPlaced(const v1::AttemptPlaced& change, v1::JobRecord& record,
                                  const v1::Event& event);
  absl::Status ApplyAttemptRunning(const v1::AttemptRunning& change, v1::JobRecord& record,
                                   const v1::Event& event);
  absl::Status ApplyRankExited(const v1::RankExited& change, v1::JobRecord& record);
  absl::Status ApplyAttemptEnded(const v1::AttemptEnded& change, v1::JobRecord& record,
                                 const v1::Event& event);
  absl::Status ApplyCheckpoint(const v1::CheckpointCommitted& change, v1::JobRecord& record);
  absl::Status ApplyToJob(const v1::Event& event, v1::JobRecord& record);
  absl::Status ApplyToWorker(const v1::Event& event);
  absl::Status Allocate(const v1::AttemptRecord& attempt, const std::string& job_id);

  std::int64_t revision_ = 0;
  std::map<std::string, v1::JobRecord> jobs_;
  std::map<std::string, v1::WorkerRecord> workers_;
  std::map<SlotKey, std::string> allocations_;
};

}  // namespace simclr::coordinator
