#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace simclr::coordinator {

// How long ended jobs stay that name no retention of their own: both conditions delete. Absent: for ever.
struct KeepEndedJobs {
  std::optional<absl::Duration> age;   // service time since their end
  std::optional<std::int64_t> number;  // of those that ended last
};

// "90d", "10000" or "90d,10000". INVALID_ARGUMENT says how to write it. Pure.
absl::StatusOr<KeepEndedJobs> ParseKeepEndedJobs(absl::string_view text);

}  // namespace simclr::coordinator
