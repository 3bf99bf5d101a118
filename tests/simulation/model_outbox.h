#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "tests/simulation/memory_files.h"
#include "tests/simulation/surroundings.h"
#include "worker/agent/outbox/outbox.h"

namespace simclr::simulation {

// The real outbox, spool and files of an agent, run by hand: on a disk that outlives the processes, and over
// the simulated network, where a call gets there or not, its answer comes back or not, and a copy may come
// late.
class ModelOutbox : private agent::CoordinatorClient {
 public:
  ModelOutbox(const Surroundings& world, int host) : world_(world), host_(host) {}

  // A process begins with what the disk has.
  void Start();
  // It is killed: what waits for the disk is lost.
  void Stop();

  void Add(agent::Report report);
  void Nudge() { outbox_->Nudge(); }
  // What there is to do now.
  void Run();

  // What an earlier process left is told.
  bool settled() const { return outbox_->settled(); }
  bool has_facts() const { return outbox_->figures().facts > 0; }
  // For those who make odd messages of it.
  const std::optional<v1::ReportExitRequest>& newest_exit() const { return newest_exit_; }
  const std::optional<v1::CommitCheckpointRequest>& newest_commit() const { return newest_commit_; }

 private:
  // The session is the model agent's.
  void StartSession(Callbacks) override {}
  void StopSession() override {}
  void SendObserved(const v1::Observed&) override {}
  absl::Status ReportExit(const v1::ReportExitRequest& request) override;
  absl::Status CommitCheckpoint(const v1::CommitCheckpointRequest& request) override;
  absl::Status PushMetrics(const v1::PushMetricsRequest& request) override;
  absl::Status LogArchived(const v1::LogArchivedRequest& request) override;
  void SendLogPiece(v1::LogPiece) override {}

  absl::Status Call(const std::function<std::optional<absl::Status>()>& hand_in);
  void SpoilDisk();

  Surroundings world_;
  const int host_;
  MemoryFiles disk_;
  absl::Duration full_until_;
  std::unique_ptr<agent::Files> files_;
  std::unique_ptr<agent::Outbox> outbox_;
  std::optional<v1::ReportExitRequest> newest_exit_;
  std::optional<v1::CommitCheckpointRequest> newest_commit_;
};

}  // namespace simclr::simulation
