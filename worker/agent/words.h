#pragma once

#include <string>
#include <vector>

#include "simclr/v1/job.pb.h"
#include "simclr/v1/worker_service.pb.h"

// Values of closed labels of the agent's metrics: enum names in lower case without their prefix. Pure.
namespace simclr::agent {

std::string Word(v1::Activity activity);     // "opening_data"; "unknown" for one of a newer trainer
std::string Word(v1::FailureClass failure);  // "peer_lost"

std::vector<v1::Activity> AllActivities();
// Of a trainer that ended here; WORKER_LOST is seen by the coordinator alone.
std::vector<v1::FailureClass> AllExitClasses();
// Types that the agent may refuse at its doors.
std::vector<std::string> RefusableMessages();

template <typename Enum>
std::vector<std::string> Words(const std::vector<Enum>& values) {
  std::vector<std::string> words;
  for (const Enum value : values) words.push_back(Word(value));
  return words;
}

}  // namespace simclr::agent
