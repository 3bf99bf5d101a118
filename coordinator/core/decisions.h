#pragma once

#include <optional>
#include <string>

#include "coordinator/core/moment.h"
#include "coordinator/core/observations.h"
#include "coordinator/policy/attempt_judge.h"
#include "coordinator/policy/exclusion.h"
#include "coordinator/policy/gang_scheduler.h"
#include "coordinator/policy/liveness.h"
#include "coordinator/policy/restart_policy.h"
#include "coordinator/policy/slot_pool.h"
#include "coordinator/state/state_reader.h"
#include "simclr/v1/event.pb.h"

// What the passing of time and the agents' news lead to, one job or worker at a time. The events come without
// revision, times and actor. Pure.
namespace simclr::coordinator {

struct PolicyOptions {
  LivenessOptions liveness;
  JudgeOptions judge;
  RestartOptions restart;
  SchedulerOptions scheduler;
  ExclusionOptions exclusion;
};

struct Situation {
  const PolicyOptions& options;
  const StateReader& state;
  const Observations& observations;
  Moment now;
};

// A worker that was silent for too long, or said good-bye; a slot of it in which different jobs failed.
std::optional<v1::Event> DecideWorker(const Situation& situation, const v1::WorkerRecord& worker);
// What becomes of a job that is open and not queued: its attempt ends or runs, its dependency is met or never
// will be, its pause is over.
std::optional<v1::Event> DecideJob(const Situation& situation, const v1::JobRecord& record);

// Whether a queued job may be placed now, or is in a backoff.
bool IsDue(const v1::JobRecord& record, absl::Duration service_now);

// For the scheduler: the job as one that asks for slots, and a worker with what is free there.
GangRequest RequestOf(const v1::JobRecord& record);
WorkerView ViewOfWorker(const Situation& situation, const v1::WorkerRecord& worker);
// Until when its record wants the slot excluded, in SchedulerTime; InfinitePast: it does not.
absl::Time ExcludedUntil(const v1::WorkerRecord& worker, const v1::Slot& slot, absl::Duration service_now);
// `nonce` names this placement for ever.
v1::Event PlacedEvent(const StateReader& state, const v1::JobRecord& record, const GangDecision& decision,
                      const std::string& nonce);
v1::Event WaitsEvent(const GangDecision& decision);

// Service time on the scale that the scheduler compares.
inline absl::Time SchedulerTime(absl::Duration service) {
  return absl::UnixEpoch() + service;
}

}  // namespace simclr::coordinator
