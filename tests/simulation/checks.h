#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "coordinator/core/coordinator.h"
#include "coordinator/core/keep_ended_jobs.h"
#include "coordinator/state/cluster_state.h"
#include "coordinator/state/observer.h"
#include "tests/simulation/tally.h"
#include "tests/support/memory_journal.h"

namespace simclr::simulation {

class Artifacts;

// What must hold at every moment of a history. It follows the journal by itself, so it knows what the
// coordinator may not forget. The first violation counts; a history ends there.
class Checks : public coordinator::CoordinatorObserver {
 public:
  Checks(Tally& tally, const Clock& clock) : tally_(tally), clock_(clock) {}

  const std::string& violation() const { return violation_; }
  void Violate(const std::string& what) {
    if (violation_.empty()) violation_ = what;
  }

  // ---- The journal.
  // `disk` is as it was before the batch.
  void BeforeDurable(const coordinator::JournalBatch& batch, const coordinator::MemoryDisk& disk);
  void OnDurable(const coordinator::JournalBatch& batch, const coordinator::MemoryDisk& disk);
  // The disk is an older copy of itself, or a repaired one: what it has not is as if it never was. Nothing
  // may be removed until what is newer was adopted.
  void OnWentBack(const coordinator::MemoryDisk& disk);
  // `bytes` of the state that a coordinator has in memory, in the same moment.
  void CompareState(const std::string& bytes);
  // A replay of all of the disk's events gives the state, too, with a snapshot after any of them.
  void CompareReplay(const coordinator::MemoryDisk& disk, std::uint64_t any);

  // ---- What was acknowledged.
  void OnJobAcknowledged(const v1::SubmitJobRequest& request, const std::string& id);
  void OnExitAcknowledged(const v1::ReportExitRequest& exit);
  void OnCommitAcknowledged(const v1::CommitCheckpointRequest& commit);
  void OnMetricsAcknowledged(const v1::PushMetricsRequest& push);
  void CheckAcknowledgedJobs(const coordinator::MemoryDisk& disk);

  // ---- Jobs that are forgotten.
  void SetKeep(const coordinator::KeepEndedJobs& keep) { keep_ = keep; }
  // What is deleted from now on; `forced`: also what an open job needs.
  void OnDeletionAsked(bool forced) { forced_ = forced; }
  void OnDeletionAcknowledged(const v1::DeleteJobsRequest& request, const v1::DeleteJobsResponse& response);
  // The job that the request made was deleted.
  bool WasAnsweredByDeletedJob(const v1::SubmitJobRequest& request) const;
  void CheckTombstonesAreForgotten();
  // Once no job is open and the retention had its turn.
  void CheckNobodyIsOverdue();

  // ---- Files.
  void OnSaved(const std::string& path, std::int64_t step) { saved_[path] = step; }
  // A later trainer of the placement wrote it once more, and not to its end.
  void OnTorn(const std::string& path) { saved_.erase(path); }
  void OnStrange(const std::string& path) { strange_.insert(path); }
  void OnOddCommit(const std::string& path) { odd_.insert(path); }
  // The collector is about to remove it.
  void OnRemove(const std::string& path);
  // The command for all jobs has succeeded.
  void OnAdopted(bool given_up);
  // Whether a trainer of that rank may find that this checkpoint, which it was offered, is not there.
  bool MayBeMissing(const v1::DesiredRank& rank, const std::string& path) const;
  // Once all was quiet for a day.
  void CheckFiles(const Artifacts& artifacts);

  // ---- Agents.
  // It comes in with that number: what it registers by is known when the event follows.
  void OnClaim(const v1::Observed& observed) { claim_ = observed.incarnation(); }
  void OnOrders(const v1::Desired& desired);
  // The report was taken. `coordinator` takes it into account, and never an older one in its place.
  void OnObserved(const v1::Observed& observed, const coordinator::Coordinator& coordinator);
  void OnStarted() {
    newest_.clear();
    heard_.clear();
  }

  const coordinator::ClusterState& durable() const { return durable_; }
  const std::set<std::string>& acknowledged() const { return acknowledged_; }
  const std::set<std::string>& deleted() const { return deleted_; }
  std::vector<std::string> EndedIds() const;  // sorted

 private:
  void OnInvariantRefused(const absl::Status& status) override {
    Violate("the core made an event that the state refuses: " + std::string(status.message()));
  }
  void OnStaleRefused(const std::string& operation) override { ++tally_.refusals["stale " + operation]; }

  void Follow(const v1::Event& event);
  void CheckTimes(const v1::Event& event);
  void CheckGone(const v1::WorkerGone& gone);
  void CheckRow(const v1::JobRecord& record);
  void CheckPlacement(const v1::Event& event);
  void CheckCommit(const v1::CheckpointCommitted& committed);
  void CheckName(const v1::WorkerRegistered& registered);
  void FollowDeletion(const v1::Event& event);
  bool IsOver(const v1::JobRecord& record, absl::Duration now, const coordinator::MemoryDisk& disk) const;
  void CheckRemoval(const std::string& id, const std::string& path);
  void CheckNotOffered(const v1::JobRecord& job, const std::string& path);
  bool IsExcused(const std::string& path) const;
  void CheckAdoption(const v1::Checkpoint& checkpoint);
  void CheckFilesOf(const v1::JobRecord& record, const Artifacts& artifacts);
  // Open or ended. Null: it is not in the surviving history.
  coordinator::JobPtr FindJob(const std::string& id) const;

  Tally& tally_;
  const Clock& clock_;
  std::string violation_;
  coordinator::ClusterState durable_;
  const coordinator::MemoryDisk* disk_ = nullptr;
  std::map<coordinator::SlotKey, std::string> held_;  // by job
  std::map<std::string, std::string> submitted_;      // name, id
  std::set<std::string> acknowledged_;                // ids
  std::map<std::string, std::string> answers_;        // to a request id
  std::uint64_t claim_ = 0;                           // incarnation
  std::map<std::string, v1::Observed> newest_;        // that this coordinator process took, by worker
  std::map<std::string, absl::Duration> heard_;       // when it took one

  coordinator::KeepEndedJobs keep_;
  bool forced_ = false;                        // deletions
  std::set<std::string> all_ids_;              // also of histories that are lost
  std::set<std::string> deleted_;              // ids
  bool went_back_ = false;                     // and nothing was adopted since
  std::map<std::string, std::int64_t> saved_;  // checkpoints that trainers finished, and their steps
  std::set<std::string> strange_;              // what nobody's trainer wrote
  std::set<std::string> odd_;                  // named by commits that came out odd
  std::set<std::string> removed_, lost_;       // by this history; by those that are lost
};

}  // namespace simclr::simulation
