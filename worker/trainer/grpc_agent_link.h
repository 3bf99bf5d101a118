#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "worker/trainer/agent_link.h"

namespace simclr::trainer {

// Attaches to the agent that listens at `address`, such as "unix:/run/simclr/agent.sock". UNAVAILABLE where
// nobody does within a few seconds.
absl::StatusOr<std::unique_ptr<AgentLink>> ConnectToAgent(const std::string& address);

}  // namespace simclr::trainer
