#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <string>
#include <vector>

#include "simclr/v1/event.pb.h"

// Questions about a job record that have one answer.
namespace simclr::coordinator {

bool IsTerminal(v1::Phase phase);  // SUCCEEDED, FAILED, CANCELLED
inline bool IsOpen(const v1::JobRecord& record) {
  return !IsTerminal(record.job().status().phase());
}

// By `event`, at its time.
void SetPhase(v1::JobRecord& record, const v1::Event& event, v1::Phase phase, v1::Reason reason,
              const std::string& message);

// The job that `event` is about; empty: it is about a worker, or about files.
std::string JobOf(const v1::Event& event);

// A phase that a job was in. UNSPECIFIED: it was not there.
struct PhaseSpan {
  v1::Phase phase = v1::PHASE_UNSPECIFIED;
  google::protobuf::Timestamp since;
};

// Null where no attempt is live.
const v1::AttemptRecord* LiveAttempt(const v1::JobRecord& record);
// Null where the job never had it.
const v1::AttemptRecord* FindAttempt(const v1::JobRecord& record, int attempt);
const v1::ExitRecord* FindExit(const v1::AttemptRecord& attempt, int rank);
const v1::Checkpoint* FindCheckpoint(const v1::JobRecord& record, const v1::CheckpointKey& key);
v1::CheckpointKey KeyOf(const v1::Checkpoint& checkpoint);
// Whether the placement `nonce` committed that step or a later one; its commits come in the order of steps.
bool IsCommitted(const v1::JobRecord& record, const std::string& nonce, int attempt, std::int64_t step);
bool IsOf(const v1::Checkpoint& checkpoint, const v1::CheckpointKey& key);

// Whether both are the same place: the same GPU, where both have one, else the same index.
bool IsSameSlot(const v1::SlotRef& slot, const v1::SlotRef& other);
// Of a slot of that worker; null: no job failed there.
v1::SlotHealth* FindHealth(const v1::SlotRef& slot, v1::WorkerRecord& worker);
const v1::SlotHealth* FindHealth(const v1::SlotRef& slot, const v1::WorkerRecord& worker);
v1::SlotRef RefOf(const std::string& worker, const v1::Slot& slot);

// Checkpoints whose files are kept, newest first: what a new attempt may resume from.
std::vector<v1::Checkpoint> UsableCheckpoints(const v1::JobRecord& record);

// Whether the live attempt may resume from it: it was offered it, and did not say yet which one it took.
bool MayBeInUse(const v1::JobRecord& record, const v1::Checkpoint& checkpoint);

// Retires what a job that ends has beyond its newest `checkpoint.keep` checkpoints.
void RetireBeyondKeep(v1::JobRecord& record);

// What becomes superfluous when `record`'s job keeps its newest `checkpoint.keep` checkpoints and commits one
// more. Never one that the live attempt may have resumed from.
std::vector<v1::CheckpointKey> RetiredByCommit(const v1::JobRecord& record);

// Ended and open jobs that an open one needs: the one that it comes after, and those whose files `model.init`
// names.
std::vector<std::string> JobsNamedBy(const v1::JobSpec& spec);

// What others need to know of an ended job that they name: without attempts and checkpoints.
v1::JobRecord StubOf(const v1::JobRecord& record);

// Job of the public API: with placement and attempts.
v1::Job PublicJob(const v1::JobRecord& record);

}  // namespace simclr::coordinator
