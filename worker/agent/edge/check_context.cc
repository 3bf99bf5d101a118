#include "worker/agent/edge/check_context.h"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/edge/message_refusal.h"
#include "common/edge/relative_path.h"

namespace simclr::agent {
namespace {

template <typename... Parts>
absl::Status Refused(const Parts&... parts) {
  return RefusedStatus(MessageRefusal::kContext, absl::StrCat(parts...));
}

absl::Status CheckPath(absl::string_view field, const v1::Checkpoint& checkpoint, absl::string_view job_id) {
  if (IsBelow(checkpoint.path(), absl::StrCat(job_id, "/checkpoints"))) return absl::OkStatus();
  return Refused(field, ".path is '", checkpoint.path(), "'; it must be below ", job_id,
                 "/checkpoints/, without '..'");
}

absl::Status CheckWanted(const v1::DesiredRank& rank) {
  if (rank.job_id().empty()) return Refused("Desired.ranks.job_id is empty; it must name one");
  if (rank.rank() >= rank.world_size()) {
    return Refused("Desired.ranks: rank ", rank.rank(), " of job ", rank.job_id(),
                   " is not below world_size ", rank.world_size());
  }
  for (const v1::Checkpoint& checkpoint : rank.resume()) {
    SIMCLR_RETURN_IF_ERROR(CheckPath("Desired.ranks.resume", checkpoint, rank.job_id()));
  }
  return absl::OkStatus();
}

absl::Status CheckHistogram(absl::string_view field, const v1::Histogram& histogram) {
  if (histogram.counts_size() != histogram.bounds_size() + 1) {
    return Refused(field, " has ", histogram.counts_size(), " counts for ", histogram.bounds_size(),
                   " bounds; it needs one for each and one more");
  }
  const auto& bounds = histogram.bounds();
  if (std::is_sorted(bounds.begin(), bounds.end(), std::less_equal<>())) return absl::OkStatus();
  return Refused(field, ".bounds do not ascend");
}

absl::Status CheckTotals(const v1::TrainerTotals& totals) {
  if (totals.has_step_seconds()) {
    SIMCLR_RETURN_IF_ERROR(CheckHistogram("TrainerTotals.step_seconds", totals.step_seconds()));
  }
  if (!totals.has_checkpoint_seconds()) return absl::OkStatus();
  return CheckHistogram("TrainerTotals.checkpoint_seconds", totals.checkpoint_seconds());
}

absl::Status CheckWritten(const v1::Checkpoint& checkpoint, absl::string_view job_id, int attempt) {
  if (checkpoint.job_id() != job_id || checkpoint.attempt() != attempt) {
    return Refused("TrainerReport.checkpoint is of job ", checkpoint.job_id(), " attempt ",
                   checkpoint.attempt(), ", its trainer of job ", job_id, " attempt ", attempt);
  }
  return CheckPath("TrainerReport.checkpoint", checkpoint, job_id);
}

}  // namespace

absl::Status CheckDesired(const v1::Desired& desired) {
  std::set<std::tuple<std::string, int, int>> seen;
  for (const v1::DesiredRank& rank : desired.ranks()) {
    SIMCLR_RETURN_IF_ERROR(CheckWanted(rank));
    if (seen.insert({rank.job_id(), rank.attempt(), rank.rank()}).second) continue;
    return Refused("Desired.ranks lists rank ", rank.rank(), " of job ", rank.job_id(), " attempt ",
                   rank.attempt(), " twice");
  }
  return absl::OkStatus();
}

absl::Status CheckTrainerReport(const v1::TrainerReport& report, absl::string_view job_id, int attempt) {
  if (report.has_checkpoint()) return CheckWritten(report.checkpoint(), job_id, attempt);
  return report.has_totals() ? CheckTotals(report.totals()) : absl::OkStatus();
}

}  // namespace simclr::agent
