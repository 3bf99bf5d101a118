#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simclr/v1/event.pb.h"

// Events as decisions make them: without revision, times and actor.
namespace simclr::coordinator {

inline v1::Event SubmittedEvent(const std::string& id, int ranks = 1, const std::string& name = "",
                                const std::string& owner = "ann") {
  v1::Event event;
  v1::Job& job = *event.mutable_job_submitted()->mutable_job();
  job.set_id(id);
  job.set_owner(owner);
  job.mutable_spec()->set_kind(v1::JOB_KIND_PRETRAIN);
  job.mutable_spec()->set_name(name.empty() ? "name-of-" + id : name);
  job.mutable_spec()->mutable_resources()->set_ranks(ranks);
  job.mutable_spec()->mutable_checkpoint()->set_keep(2);
  job.mutable_status()->set_phase(v1::PHASE_QUEUED);
  job.mutable_status()->mutable_submitted_at()->set_seconds(100);
  return event;
}

// Blocked behind another job.
inline v1::Event SubmittedAfterEvent(const std::string& id, const std::string& after) {
  v1::Event event = SubmittedEvent(id);
  event.mutable_job_submitted()->mutable_job()->mutable_spec()->set_after(after);
  event.mutable_job_submitted()->mutable_job()->mutable_status()->set_phase(v1::PHASE_BLOCKED);
  return event;
}

inline v1::Event PlacedEventOf(const std::string& id, int attempt, const std::vector<int>& slots,
                               const std::string& worker = "worker-1") {
  v1::Event event;
  v1::AttemptPlaced& placed = *event.mutable_attempt_placed();
  placed.set_job_id(id);
  placed.set_attempt(attempt);
  placed.set_nonce("nonce-" + std::to_string(attempt));
  for (std::size_t i = 0; i < slots.size(); ++i) {
    v1::RankRecord& rank = *placed.add_ranks();
    rank.set_rank(static_cast<int>(i));
    rank.set_worker(worker);
    rank.set_slot(slots[i]);
  }
  return event;
}

inline v1::Event RunningEventOf(const std::string& id, int attempt) {
  v1::Event event;
  event.mutable_attempt_running()->set_job_id(id);
  event.mutable_attempt_running()->set_attempt(attempt);
  return event;
}

inline v1::Event CommittedEvent(const std::string& id, int attempt, std::int64_t step) {
  v1::Event event;
  v1::Checkpoint& checkpoint = *event.mutable_checkpoint_committed()->mutable_checkpoint();
  checkpoint.set_job_id(id);
  checkpoint.set_attempt(attempt);
  checkpoint.set_step(step);
  return event;
}

inline v1::Event ExitedEvent(const std::string& id, int attempt, int rank) {
  v1::Event event;
  event.mutable_rank_exited()->set_job_id(id);
  event.mutable_rank_exited()->set_attempt(attempt);
  event.mutable_rank_exited()->mutable_exit()->set_rank(rank);
  return event;
}

inline v1::Event AttemptEndedEvent(const std::string& id, int attempt, v1::Phase phase) {
  v1::Event event;
  event.mutable_attempt_ended()->set_job_id(id);
  event.mutable_attempt_ended()->set_attempt(attempt);
  event.mutable_attempt_ended()->set_phase(phase);
  return event;
}

inline v1::Event JobEndedEvent(const std::string& id, v1::Phase phase) {
  v1::Event event;
  event.mutable_job_ended()->set_job_id(id);
  event.mutable_job_ended()->set_phase(phase);
  return event;
}

inline v1::Event JobQueuedEvent(const std::string& id) {
  v1::Event event;
  event.mutable_job_queued()->set_job_id(id);
  return event;
}

inline v1::Event JobStoppingEvent(const std::string& id) {
  v1::Event event;
  event.mutable_job_stopping()->set_job_id(id);
  return event;
}

inline v1::Event JobWaitsEvent(const std::string& id, v1::Reason reason) {
  v1::Event event;
  event.mutable_job_waits()->set_job_id(id);
  event.mutable_job_waits()->set_reason(reason);
  return event;
}

// Of a job that ended in `phase`.
inline v1::Event JobDeletedEvent(const std::string& id, v1::Phase phase = v1::PHASE_SUCCEEDED) {
  v1::Event event;
  v1::JobDeleted& deleted = *event.mutable_job_deleted();
  deleted.set_job_id(id);
  deleted.set_name("name-of-" + id);
  deleted.set_owner("ann");
  deleted.set_kind(v1::JOB_KIND_PRETRAIN);
  deleted.set_phase(phase);
  return event;
}

inline v1::Event FilesCondemnedEvent(const std::string& id, const std::vector<std::string>& paths) {
  v1::Event event;
  event.mutable_files_condemned()->set_job_id(id);
  for (const std::string& path : paths) event.mutable_files_condemned()->add_paths(path);
  return event;
}

inline v1::Event FilesCollectedEvent(const std::string& id, const std::vector<std::string>& paths) {
  v1::Event event;
  event.mutable_files_collected()->set_job_id(id);
  for (const std::string& path : paths) event.mutable_files_collected()->add_paths(path);
  return event;
}

// Of a placement that the database does not know.
inline v1::Event AdoptedEvent(const std::string& id, std::int64_t step) {
  v1::Event event;
  v1::Checkpoint& checkpoint = *event.mutable_checkpoint_adopted()->mutable_checkpoint();
  checkpoint.set_job_id(id);
  checkpoint.set_attempt(1);
  checkpoint.set_step(step);
  checkpoint.set_nonce("lost");
  checkpoint.set_path(id + "/checkpoints/a1-lost-s" + std::to_string(step));
  return event;
}

inline v1::Event WorkerRegisteredEvent(const std::string& name, std::uint64_t incarnation = 1,
                                       int slots = 4) {
  v1::Event event;
  v1::Worker& worker = *event.mutable_worker_registered()->mutable_worker();
  worker.set_name(name);
  worker.set_incarnation(incarnation);
  for (int i = 0; i < slots; ++i) worker.add_slots()->set_index(i);
  event.mutable_worker_registered()->set_nonce(incarnation + 100);
  return event;
}

inline v1::Event WorkerGoneEvent(const std::string& name, bool left = false) {
  v1::Event event;
  event.mutable_worker_gone()->set_worker(name);
  event.mutable_worker_gone()->set_left(left);
  return event;
}

// As the overlay stamps it, for a state that is asked without one.
inline v1::Event Numbered(v1::Event event, std::int64_t revision, int seconds = 100) {
  event.set_revision(revision);
  event.mutable_at()->set_seconds(seconds);
  event.mutable_service_time()->set_seconds(seconds);
  return event;
}

}  // namespace simclr::coordinator
