#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/torch.h"
#include "engine/distributed/collective.h"
#include "engine/train/run.h"

namespace simclr::engine {

// The ranks of an attempt, as one of them sees them.
struct World {
  at::Device device = at::kCPU;
  std::unique_ptr<AttemptStore> store;  // null for a world of one; must outlive the groups
  std::unique_ptr<Collective> main;     // gradients, embeddings and what the ranks agree upon
  std::unique_ptr<Collective> norm;     // batch-norm statistics, which travel while gradients do

  // After a failure: take leave of the peers without waiting for them.
  void Abandon();

  int rank() const { return main->rank(); }
  int size() const { return main->world_size(); }
};

// Opens the device and meets the other ranks as `options` say. UNAVAILABLE where one of them does not come.
// During collective calls, and then alone, `observer` is told when this rank waits for the others.
absl::StatusOr<World> Meet(const RunOptions& options, TrainObserver& observer);

// Fails on every rank (kConfigError) unless all of them state the same: a rank with another job, another
// build or another checkpoint must not train along. Call under CatchTorch.
absl::Status CheckAgreement(World& world, const std::string& statement);

}  // namespace simclr::engine
