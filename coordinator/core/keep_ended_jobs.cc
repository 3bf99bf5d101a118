#include "coordinator/core/keep_ended_jobs.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/job/span.h"

namespace simclr::coordinator {

absl::StatusOr<KeepEndedJobs> ParseKeepEndedJobs(absl::string_view text) {
  KeepEndedJobs keep;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    std::int64_t number = 0;
    const absl::StatusOr<absl::Duration> age = ParseSpan(part);
    if (age.ok() && *age > absl::ZeroDuration() && !keep.age.has_value()) {
      keep.age = *age;
    } else if (absl::SimpleAtoi(part, &number) && number >= 0 && !keep.number.has_value()) {
      keep.number = number;
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("'", part, "' is neither an age nor a number; write 90d, 10000 or 90d,10000"));
    }
  }
  return keep;
}

}  // namespace simclr::coordinator
