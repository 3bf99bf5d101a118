#pragma once

#include <string>
#include <vector>

#include "common/base/session_refusal.h"
#include "simclr/v1/cluster_service.pb.h"
#include "simclr/v1/job.pb.h"

// Label values: enum names in lower case without their prefix, and the lists of those that exist, for series
// that are there as 0 from the start. Pure.
namespace simclr::coordinator {

std::string Word(v1::JobKind kind);          // "pretrain"
std::string Word(v1::Phase phase);           // "running"
std::string Word(v1::Reason reason);         // "backoff"; "none" where there is none
std::string Word(v1::FailureClass failure);  // "worker_lost"
std::string Word(v1::WorkerState state);     // "connected"
std::string Word(v1::Device device);         // "cuda"
std::string Word(SessionRefusal refusal);    // "name_taken"

const std::vector<v1::JobKind>& AllKinds();
const std::vector<v1::Phase>& AllPhases();
const std::vector<v1::FailureClass>& AllFailures();
// Of a job that waits.
const std::vector<v1::Reason>& WaitReasons();

struct RestartCause {
  v1::FailureClass failure;
  bool counted;  // against schedule.max_restarts
};
// What can end an attempt without its job.
const std::vector<RestartCause>& AllRestartCauses();

struct JobEnd {
  v1::Phase phase;
  v1::Reason reason;
};
// The ways in which a job can end.
const std::vector<JobEnd>& AllJobEnds();

}  // namespace simclr::coordinator
