#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "coordinator/state/change.h"
#include "coordinator/state/records.h"
#include "coordinator/state/state_reader.h"
#include "simclr/v1/event.pb.h"

namespace simclr::coordinator {

// Service time that a deleted job's id is remembered.
inline constexpr absl::Duration kTombstoneLife = absl::Hours(30 * 24);

// The pointers of one revision: what a snapshot is made from, outside of every lock.
struct StateImage {
  std::int64_t revision = 0;
  google::protobuf::Timestamp at;
  google::protobuf::Duration service_time;
  std::string last_job_id;
  std::vector<JobPtr> jobs;
  std::vector<JobPtr> stubs;
  std::vector<WorkerPtr> workers;
  std::map<std::pair<v1::JobKind, v1::Phase>, std::int64_t> ended;
  std::vector<TombstonePtr> tombstones;
  std::map<std::string, std::string> condemned;

  // A v1::StateSnapshot. Equal states give equal bytes.
  std::string Serialize() const;
};

// The part of the durable state that decisions need: open jobs with their attempts and checkpoints, stubs of
// ended jobs that open ones name, and workers, with the indexes to find them. It changes only by events, so
// the same events give the same state, byte for byte. Ended jobs are rows of the journal's database;
// liveness, steps and store endpoints come back by themselves with the next Observed. Thread-compatible.
class ClusterState : public StateReader {
 public:
  ClusterState() = default;

  // DATA_LOSS where the bytes are no snapshot or hold a state that cannot be. Jobs that have ended (snapshots
  // of before they were rows held them) go to `ended`, unless it is null.
  static absl::StatusOr<ClusterState> Parse(const std::string& bytes, std::vector<JobPtr>* ended = nullptr);
  StateImage Image() const;
  std::string Serialize() const { return Image().Serialize(); }

  // Derive, then Merge. What Derive refuses changes nothing.
  absl::Status Apply(const v1::Event& event);
  // Stores what Derive made of an event on this state: pointers alone.
  void Merge(const Change& change);

  std::int64_t revision() const override { return revision_; }
  std::string last_job_id() const override { return last_job_id_; }
  JobPtr FindJob(const std::string& id) const override;
  JobPtr FindOpenJobNamed(const std::string& name) const;  // the newest; null: none
  WorkerPtr FindWorker(const std::string& name) const override;
  std::string HolderOf(const SlotKey& slot) const override;
  std::set<std::string> NamersOf(const std::string& job) const override;
  TombstonePtr FindTombstone(const std::string& id) const override;
  bool IsCondemned(const std::string& path) const override { return condemned_.count(path) > 0; }
  std::int64_t open_jobs() const override { return static_cast<std::int64_t>(jobs_.size()); }
  std::int64_t open_jobs_of(const std::string& owner) const override;

  absl::Time at() const;                // of the last event
  absl::Duration service_time() const;  // of the last event

  const std::map<std::string, JobPtr>& jobs() const { return jobs_; }  // open ones, by id: submit order
  const std::map<std::string, WorkerPtr>& workers() const { return workers_; }
  const std::map<SlotKey, std::string>& allocations() const { return allocations_; }  // value: the job's id
  const std::map<std::int64_t, std::string>& by_revision() const { return by_revision_; }  // open jobs
  const std::map<std::int64_t, TombstonePtr>& deletions() const { return deletions_; }     // by revision
  const std::map<std::string, std::string>& condemned() const { return condemned_; }  // paths, and their jobs
  // Numbers of jobs, ended ones included, by kind and phase.
  std::map<std::pair<v1::JobKind, v1::Phase>, std::int64_t> Counts() const;
  std::set<std::string> JobsOn(const std::string& worker) const;        // with a live rank there
  std::vector<std::string> DependentsOf(const std::string& job) const;  // open jobs that come after it

 private:
  void Index(const JobPtr& record);
  void Unindex(const v1::JobRecord& record);
  void Leave(const JobPtr& record);  // a job ended
  void Bury(const TombstonePtr& tombstone);
  void ForgetOldDeletions();

  std::int64_t revision_ = 0;
  google::protobuf::Timestamp at_;
  google::protobuf::Duration service_time_;
  std::string last_job_id_;
  std::map<std::string, JobPtr> jobs_;
  std::map<std::string, JobPtr> stubs_;
  std::map<std::string, WorkerPtr> workers_;
  std::map<SlotKey, std::string> allocations_;
  std::map<std::int64_t, std::string> by_revision_;
  std::set<std::pair<std::string, std::string>> by_name_;     // name, id
  std::set<std::pair<std::string, std::string>> dependents_;  // job, open job that comes after it
  std::set<std::pair<std::string, std::string>> namers_;      // job, open job that names it in any way
  std::map<std::string, TombstonePtr> tombstones_;
  std::map<std::int64_t, TombstonePtr> deletions_;
  std::map<std::string, std::string> condemned_;
  absl::flat_hash_map<std::string, std::int64_t> by_owner_;
  std::map<std::pair<v1::JobKind, v1::Phase>, std::int64_t> open_counts_, ended_counts_;
};

}  // namespace simclr::coordinator
