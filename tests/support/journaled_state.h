#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "coordinator/state/cluster_state.h"
#include "coordinator/state/job_record.h"
#include "coordinator/state/overlay.h"
#include "coordinator/store/journal.h"

namespace simclr::coordinator {

// A state that grows by events, each of them in a journal. `journal` outlives it.
class JournaledState {
 public:
  explicit JournaledState(Journal& journal) : journal_(journal) {}

  const ClusterState& state() const { return state_; }

  void Add(const v1::Event& event) {
    Overlay overlay(state_,
                    {absl::FromUnixSeconds(1000 + state_.revision()), absl::Seconds(state_.revision())});
    const absl::Status added = overlay.Add(event, "ann");
    ASSERT_TRUE(added.ok()) << added;
    JournalBatch batch;
    for (const CheckedEvent& checked : overlay.events()) {
      batch.events.push_back(checked.event);
      for (const auto& [id, job] : checked.change.jobs) {
        if (!IsOpen(*job)) batch.ended.push_back(job);
      }
      for (const auto& [id, tombstone] : checked.change.tombstones) batch.deleted.push_back(id);
      state_.Merge(checked.change);
    }
    ASSERT_TRUE(journal_.Append(batch).ok());
  }

  void WriteSnapshot() { ASSERT_TRUE(journal_.WriteSnapshot(state_.revision(), state_.Serialize()).ok()); }

  void Register(const std::string& worker, int slots) {
    v1::Event event;
    v1::Worker& registered = *event.mutable_worker_registered()->mutable_worker();
    registered.set_name(worker);
    registered.set_incarnation(1);
    for (int i = 0; i < slots; ++i) registered.add_slots()->set_index(i);
    Add(event);
  }

  void Submit(const std::string& id, const std::string& name) {
    v1::Event event;
    v1::Job& job = *event.mutable_job_submitted()->mutable_job();
    job.set_id(id);
    job.set_owner("ann");
    job.mutable_spec()->set_name(name);
    job.mutable_spec()->mutable_resources()->set_ranks(1);
    job.mutable_status()->set_phase(v1::PHASE_QUEUED);
    job.mutable_status()->mutable_submitted_at()->set_seconds(1000 + state_.revision());
    Add(event);
  }

  void Place(const std::string& id, const std::string& worker, int slot) {
    v1::Event event;
    v1::AttemptPlaced& placed = *event.mutable_attempt_placed();
    placed.set_job_id(id);
    placed.set_attempt(state_.FindJob(id)->attempts_size() + 1);
    placed.set_nonce(absl::StrCat("n", state_.revision()));
    v1::RankRecord& rank = *placed.add_ranks();
    rank.set_worker(worker);
    rank.set_slot(slot);
    Add(event);
  }

  void EndAttempt(const std::string& id, v1::Phase phase) {
    v1::Event event;
    v1::AttemptEnded& ended = *event.mutable_attempt_ended();
    ended.set_job_id(id);
    ended.set_attempt(state_.FindJob(id)->attempts_size());
    ended.set_phase(phase);
    Add(event);
  }

  void Wait(const std::string& id, const std::string& message) {
    v1::Event event;
    event.mutable_job_waits()->set_job_id(id);
    event.mutable_job_waits()->set_reason(v1::REASON_WAITING_FOR_CAPACITY);
    event.mutable_job_waits()->set_message(message);
    Add(event);
  }

 private:
  Journal& journal_;
  ClusterState state_;
};

}  // namespace simclr::coordinator
