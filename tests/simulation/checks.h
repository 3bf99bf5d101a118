#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "coordinator/core/coordinator.h"
#include "coordinator/state/cluster_state.h"
#include "coordinator/state/observer.h"
#include "tests/simulation/tally.h"
#include "tests/support/memory_journal.h"

namespace simclr::simulation {

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
  void OnDurable(const coordinator::JournalBatch& batch, const coordinator::MemoryDisk& disk);
  // The disk is an older copy of itself: what came after is as if it never was.
  void OnRestored(const coordinator::MemoryDisk& disk);
  // `bytes` of the state that a coordinator has in memory, in the same moment.
  void CompareState(const std::string& bytes);
  // A replay of all of the disk's events gives the state, too, with a snapshot after any of them.
  void CompareReplay(const coordinator::MemoryDisk& disk, std::uint64_t any);

  // ---- What was acknowledged.
  void OnJobAcknowledged(const v1::SubmitJobRequest& request, const std::string& id);
  void OnExitAcknowledged(const v1::ReportExitRequest& exit);
  void OnCommitAcknowledged(const v1::CommitCheckpointRequest& commit);
  void CheckAcknowledgedJobs(const coordinator::MemoryDisk& disk);

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
};

}  // namespace simclr::simulation
