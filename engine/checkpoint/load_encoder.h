#pragma once

#include <string>

#include "absl/status/status.h"
#include "engine/model/simclr_model.h"

namespace simclr::engine {

// Loads the weights and running statistics of the encoder from an export directory (its model.safetensors) or
// from one safetensors file with torchvision's names; the head stays as it is. `fc.*` is ignored,
// num_batches_tracked may be missing. INVALID_ARGUMENT names a missing or misshapen tensor, NOT_FOUND the
// path.
absl::Status LoadEncoder(const std::string& path, SimclrModel& model);

}  // namespace simclr::engine
