#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace simclr {

// A length of time as people write it: "90s", "1h30m", "30d", "2w"; numbers may have a point.
// INVALID_ARGUMENT says how to write it. Pure.
absl::StatusOr<absl::Duration> ParseSpan(absl::string_view text);

}  // namespace simclr
