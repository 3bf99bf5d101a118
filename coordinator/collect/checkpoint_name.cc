#include "coordinator/collect/checkpoint_name.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/ids.h"
#include "coordinator/state/job_record.h"

namespace simclr::coordinator {

std::optional<CheckpointName> ParseCheckpointName(absl::string_view name) {
  CheckpointName parsed;
  absl::string_view text = name;
  parsed.partial = absl::ConsumeSuffix(&text, ".partial");
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '-');
  if (parts.size() < 2 || parts.size() > 3) return std::nullopt;
  absl::string_view attempt = parts.front(), step = parts.back();
  if (!absl::ConsumePrefix(&attempt, "a") || !absl::SimpleAtoi(attempt, &parsed.attempt)) return std::nullopt;
  if (!absl::ConsumePrefix(&step, "s") || !absl::SimpleAtoi(step, &parsed.step)) return std::nullopt;
  if (parts.size() == 3) parsed.nonce = std::string(parts[1]);
  // One spelling a name: "a02-s5" and the like were not written by a trainer.
  const std::string written = absl::StrCat(AttemptName(parsed.attempt, parsed.nonce), "-s", parsed.step);
  return written == text ? std::optional(parsed) : std::nullopt;
}

const v1::AttemptRecord* WriterOf(const v1::JobRecord& record, const CheckpointName& name) {
  const v1::AttemptRecord* attempt = FindAttempt(record, name.attempt);
  const bool wrote = attempt != nullptr &&
                     AttemptName(name.attempt, attempt->nonce()) == AttemptName(name.attempt, name.nonce);
  return wrote ? attempt : nullptr;
}

}  // namespace simclr::coordinator
