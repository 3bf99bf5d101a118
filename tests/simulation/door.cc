#include "tests/simulation/door.h"

#include <memory>

#include "common/base/status_macros.h"
#include "common/edge/check_message.h"
#include "common/edge/forget_unknown.h"
#include "coordinator/edge/check_context.h"

namespace simclr::simulation {
namespace {

template <typename Message>
absl::Status PassAgentsDoor(Message& message) {
  ForgetUnknown(message);
  SIMCLR_RETURN_IF_ERROR(CheckMessage(message));
  return coordinator::CheckContext(message);
}

}  // namespace

bool PassesWire(const google::protobuf::Message& message) {
  const std::unique_ptr<google::protobuf::Message> copy(message.New());
  return copy->ParseFromString(message.SerializeAsString());
}

absl::Status PassDoor(v1::Observed& observed) {
  return PassAgentsDoor(observed);
}
absl::Status PassDoor(v1::ReportExitRequest& exit) {
  return PassAgentsDoor(exit);
}
absl::Status PassDoor(v1::CommitCheckpointRequest& commit) {
  return PassAgentsDoor(commit);
}
absl::Status PassDoor(v1::PushMetricsRequest& push) {
  return PassAgentsDoor(push);
}
absl::Status PassDoor(v1::LogArchivedRequest& archived) {
  return PassAgentsDoor(archived);
}

absl::Status PassUsersDoor(const google::protobuf::Message& request) {
  return CheckMessage(request);
}

}  // namespace simclr::simulation
