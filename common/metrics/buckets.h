#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace simclr {

// The upper bounds of histogram buckets, in seconds. Every histogram uses one of these ladders, so that
// durations of one kind can be compared.
const std::vector<double>& RpcBuckets();         // 1 ms to 30 s: calls, scheduling
const std::vector<double>& StepBuckets();        // 5 ms to 30 s: optimizer steps
const std::vector<double>& StorageBuckets();     // 0.5 ms to 5 s: database transactions
const std::vector<double>& CheckpointBuckets();  // 0.1 s to 10 min: checkpoint files
const std::vector<double>& PhaseBuckets();       // 1 s to 7 days: queue and phase times

// "rpc", "step", "storage", "checkpoint" or "phase"; empty for other bounds.
absl::string_view LadderName(const std::vector<double>& buckets);
// A section of docs/metrics.md: the ladders with their bounds.
std::string LadderReference();

}  // namespace simclr
