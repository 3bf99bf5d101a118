#include "cli/time_argument.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "cli/exit_code.h"
#include "common/job/span.h"

namespace simclr::cli {

absl::StatusOr<absl::Time> ParseMoment(absl::string_view flag, const std::string& text, absl::Time now,
                                       absl::TimeZone zone) {
  if (const auto age = ParseSpan(text); age.ok()) return now - *age;
  absl::Time time;
  for (const char* format : {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S",
                             "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%E*S%Ez"}) {
    if (absl::ParseTime(format, text, zone, &time, nullptr)) return time;
  }
  return UsageError(absl::StrCat(flag, " is '", text,
                                 "'; write how long ago, such as 30m or 7d, or a date, such as ",
                                 "2026-01-31 or 2026-01-31T12:00"));
}

absl::StatusOr<absl::Duration> ParseAge(absl::string_view flag, const std::string& text) {
  const absl::StatusOr<absl::Duration> age = ParseSpan(text);
  if (age.ok()) return age;
  return UsageError(absl::StrCat(flag, ": ", age.status().message()));
}

}  // namespace simclr::cli
