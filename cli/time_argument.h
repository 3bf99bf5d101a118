#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace simclr::cli {

// A moment as people write it: "30m" or "7d" ago; "2026-01-31", "2026-01-31T12:00" or "2026-01-31 12:00:30"
// in `zone`; RFC 3339 with a zone of its own. A usage error names the flag and the forms. Pure.
absl::StatusOr<absl::Time> ParseMoment(absl::string_view flag, const std::string& text, absl::Time now,
                                       absl::TimeZone zone);

// A usage error for what ParseSpan refuses.
absl::StatusOr<absl::Duration> ParseAge(absl::string_view flag, const std::string& text);

}  // namespace simclr::cli
