#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/checkpoint/checkpoint.h"
#include "engine/model/simclr_model.h"
#include "engine/optim/optimizer.h"
#include "engine/train/run_context.h"

namespace simclr::engine {

// The newest of options.resume that can be read and verified; each that cannot is a warning. Rank 0 chooses,
// the others must be able to read the same one. Nothing where there is none to resume from; kDataError where
// there are some but none can be read. A collective call; under CatchTorch.
absl::StatusOr<std::optional<Checkpoint>> FindResumePoint(const RunContext& context);

// Puts weights, buffers and momentum back. INVALID_ARGUMENT names a tensor that does not fit, or says that
// the data set or the batch is another one than at the time of the checkpoint.
absl::Status Restore(const Checkpoint& checkpoint, const Position& expected, SimclrModel& model,
                     Optimizer& optimizer);

// The state of a run after position.step steps. Tensors share storage with model and optimizer.
Checkpoint Capture(const RunContext& context, const Position& position, const std::string& precision,
                   const SimclrModel& model, const Optimizer& optimizer);

}  // namespace simclr::engine
