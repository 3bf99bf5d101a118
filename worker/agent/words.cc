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
  std::vector<v1::Activity> all;
  for (int value = 0; value <= v1::Activity_MAX; ++value) all.push_back(static_cast<v1::Activity>(value));
  return all;
}

std::vector<v1::FailureClass> AllExitClasses() {
  std::vector<v1::FailureClass> all;
  for (int value = 1; value <= v1::FailureClass_MAX; ++value) {
    if (value != v1::FAILURE_CLASS_WORKER_LOST) all.push_back(static_cast<v1::FailureClass>(value));
  }
  return all;
}

std::vector<std::string> RefusableMessages() {
  return {v1::Desired::descriptor()->name(), v1::PushLogTailResponse::descriptor()->name(),
          v1::TrainerReport::descriptor()->name()};
}

}  // namespace simclr::agent
