#pragma once

#include <google/protobuf/message.h>

#include "absl/status/status.h"
#include "simclr/v1/worker_service.pb.h"

namespace simclr::simulation {

// What protobuf itself does not read ends the call before any door.
bool PassesWire(const google::protobuf::Message& message);

// The checks of the server's doors, before the core sees a message. Those of agents may be of a newer
// version.
absl::Status PassDoor(v1::Observed& observed);
absl::Status PassDoor(v1::ReportExitRequest& exit);
absl::Status PassDoor(v1::CommitCheckpointRequest& commit);
absl::Status PassDoor(v1::PushMetricsRequest& push);
absl::Status PassDoor(v1::LogArchivedRequest& archived);
absl::Status PassUsersDoor(const google::protobuf::Message& request);

}  // namespace simclr::simulation
