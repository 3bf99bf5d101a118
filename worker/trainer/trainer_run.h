#pragma once

#include "engine/train/run.h"
#include "worker/trainer/agent_link.h"
#include "worker/trainer/reporter.h"

namespace simclr::trainer {

// The engine's options and job from what the agent says.
engine::RunOptions ToRunOptions(const v1::TrainerStart& start);
engine::JobConfig ToJobConfig(const v1::TrainerStart& start);

// One rank in the service: says hello, waits for the order to start, meets the other ranks, runs, and says
// how it ended. Blocks.
engine::RunEnd RunForAgent(const RankIdentity& identity, AgentLink& link);

}  // namespace simclr::trainer
