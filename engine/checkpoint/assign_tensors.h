#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "engine/base/named_tensor.h"

namespace simclr::engine {

// Copies values by name from `source` into the storage of `target`, converting type and device.
// INVALID_ARGUMENT names the first tensor of `target` that is missing in `source` or has another shape there;
// then nothing was copied. `num_batches_tracked` may be missing; what `target` does not have is ignored.
// `what` names the source in errors.
absl::Status AssignTensors(const NamedTensors& source, const NamedTensors& target, absl::string_view what);

}  // namespace simclr::engine
