#pragma once

#include <cstdint>
#include <vector>

#include "coordinator/core/observations.h"
#include "coordinator/policy/attempt_judge.h"
#include "coordinator/policy/gang_scheduler.h"
#include "coordinator/policy/liveness.h"
#include "coordinator/policy/restart_policy.h"
#include "coordinator/state/cluster_state.h"
#include "simclr/v1/event.pb.h"

// What the passing of time and the agents' news lead to. Each function looks at one kind of change and
// returns events without revision, time and actor, all of which may be applied one after the other. Pure.
namespace simclr::coordinator {

struct PolicyOptions {
  LivenessOptions liveness;
  JudgeOptions judge;
  RestartOptions restart;
  SchedulerOptions scheduler;
};

struct Situation {
  const PolicyOptions& options;
  const ClusterState& state;
  const Observations& observations;
  Moment now;
};

// Workers that were silent for too long, or said good-bye.
std::vector<v1::Event> DecideGoneWorkers(const Situation& situation);
// Attempts that are over, with what becomes of their jobs.
std::vector<v1::Event> DecideEndedAttempts(const Situation& situation);
// Attempts whose ranks have all met.
std::vector<v1::Event> DecideRunningAttempts(const Situation& situation);
// Jobs whose dependency is met, or never will be, and paused ones to try again.
std::vector<v1::Event> DecideReadyJobs(const Situation& situation);
// New attempts for queued jobs, and why the others wait. `random` makes the nonces.
std::vector<v1::Event> DecidePlacements(const Situation& situation, std::uint64_t random);

}  // namespace simclr::coordinator
