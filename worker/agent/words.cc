#include "worker/agent/words.h"

#include "common/job/enum_word.h"
#include "simclr/v1/trainer_service.pb.h"

namespace simclr::agent {

std::string Word(v1::Activity activity) {
  return activity == v1::ACTIVITY_UNSPECIFIED ? "unknown" : EnumLabel(activity);
}

std::string Word(v1::FailureClass failure) {
  return EnumLabel(failure);
}

std::vector<v1::Activity> AllActivities() {
  std::vector<v1::Activity> all = EnumValues<v1::Activity>();
  all.insert(all.begin(), v1::ACTIVITY_UNSPECIFIED);
  return all;
}

std::vector<v1::FailureClass> AllExitClasses() {
  std::vector<v1::FailureClass> all = EnumValues<v1::FailureClass>();
  std::erase(all, v1::FAILURE_CLASS_WORKER_LOST);
  return all;
}

std::vector<std::string> RefusableMessages() {
  return {v1::Desired::descriptor()->name(), v1::LogWanted::descriptor()->name(),
          v1::TrainerReport::descriptor()->name()};
}

}  // namespace simclr::agent
