#include "coordinator/edge/check_context.h"

#include <set>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/edge/message_refusal.h"
#include "common/edge/relative_path.h"

namespace simclr::coordinator {
namespace {

template <typename... Parts>
absl::Status Refused(const Parts&... parts) {
  return RefusedStatus(MessageRefusal::kContext, absl::StrCat(parts...));
}

absl::Status CheckNamed(absl::string_view field, const std::string& name) {
  return name.empty() ? Refused(field, " is empty; it must name one") : absl::OkStatus();
}

absl::Status CheckSlots(const v1::Observed& observed) {
  std::set<int> seen;
  for (const v1::Slot& slot : observed.slots()) {
    if (slot.index() >= observed.slots_size()) {
      return Refused("Observed.slots has an index ", slot.index(), ", but there are ", observed.slots_size(),
                     " slots; number them from 0");
    }
    if (!seen.insert(slot.index()).second) {
      return Refused("Observed.slots lists slot ", slot.index(), " twice; list each once");
    }
    if (slot.device() != v1::DEVICE_CPU && slot.device() != v1::DEVICE_CUDA) {
      return Refused("Observed.slots: slot ", slot.index(), " is of device ", slot.device(),
                     "; it must be cpu or cuda");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckRanks(const v1::Observed& observed) {
  std::set<std::tuple<std::string, int, std::string, int>> seen;
  for (const v1::ObservedRank& rank : observed.ranks()) {
    SIMCLR_RETURN_IF_ERROR(CheckNamed("Observed.ranks.job_id", rank.job_id()));
    if (seen.insert({rank.job_id(), rank.attempt(), rank.nonce(), rank.rank()}).second) continue;
    return Refused("Observed.ranks lists rank ", rank.rank(), " of job ", rank.job_id(), " attempt ",
                   rank.attempt(), " twice; list each once");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckObserved(const v1::Observed& observed) {
  SIMCLR_RETURN_IF_ERROR(CheckNamed("Observed.worker", observed.worker()));
  SIMCLR_RETURN_IF_ERROR(CheckSlots(observed));
  return CheckRanks(observed);
}

absl::Status CheckExit(const v1::ReportExitRequest& request) {
  SIMCLR_RETURN_IF_ERROR(CheckNamed("ReportExitRequest.job_id", request.job_id()));
  if (request.signal() != 0 && request.exit_code() != -1) {
    return Refused("ReportExitRequest.signal is ", request.signal(), " beside exit_code ",
                   request.exit_code(), "; what a signal ended has -1");
  }
  if (request.failure() == v1::FAILURE_CLASS_SUCCESS && request.exit_code() != 0) {
    return Refused("ReportExitRequest.failure is success beside exit_code ", request.exit_code(),
                   "; success is 0");
  }
  return absl::OkStatus();
}

absl::Status CheckCommit(const v1::CommitCheckpointRequest& request) {
  const v1::Checkpoint& checkpoint = request.checkpoint();
  SIMCLR_RETURN_IF_ERROR(CheckNamed("CommitCheckpointRequest.checkpoint.job_id", checkpoint.job_id()));
  if (checkpoint.attempt() == 0)
    return Refused("CommitCheckpointRequest.checkpoint.attempt is 0; it is 1 or more");
  if (!IsBelow(checkpoint.path(), checkpoint.job_id() + "/checkpoints")) {
    return Refused("CommitCheckpointRequest.checkpoint.path is '", checkpoint.path(), "'; it must be below ",
                   checkpoint.job_id(), "/checkpoints/, without '..'");
  }
  return checkpoint.digest().empty() || checkpoint.digest().size() == 64
             ? absl::OkStatus()
             : Refused("CommitCheckpointRequest.checkpoint.digest has ", checkpoint.digest().size(),
                       " digits; SHA-256 has 64");
}

absl::Status CheckMetrics(const v1::PushMetricsRequest& request) {
  SIMCLR_RETURN_IF_ERROR(CheckNamed("PushMetricsRequest.job_id", request.job_id()));
  for (const v1::StepMetrics& sample : request.samples()) {
    if (sample.step() == 0) return Refused("PushMetricsRequest.samples has step 0; steps begin with 1");
    if (sample.attempt() != 0 && sample.attempt() != request.attempt()) {
      return Refused("PushMetricsRequest.samples has one of attempt ", sample.attempt(),
                     " in a push of attempt ", request.attempt());
    }
  }
  return absl::OkStatus();
}

}  // namespace simclr::coordinator
