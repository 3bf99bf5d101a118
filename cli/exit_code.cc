#include "cli/exit_code.h"

#include "absl/strings/cord.h"

namespace simclr::cli {
namespace {

constexpr absl::string_view kUsagePayload = "simclr.cli/usage";
constexpr absl::string_view kAnswerPayload = "simclr.cli/answer";

int CodeOfAnswer(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kNotFound:
      return kNotFound;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return kNotPermitted;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
      return kConflict;
    default:
      return kError;
  }
}

}  // namespace

int ExitCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kOk;
    case absl::StatusCode::kInvalidArgument:
      return status.GetPayload(kUsagePayload).has_value() ? kUsage : kValidation;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return kUnreachable;
    case absl::StatusCode::kAborted:
      return kConflict;
    default:
      return status.GetPayload(kAnswerPayload).has_value() ? CodeOfAnswer(status.code()) : kError;
  }
}

absl::Status AsAnswer(absl::Status status) {
  if (!status.ok()) status.SetPayload(kAnswerPayload, absl::Cord());
  return status;
}

absl::Status UsageError(absl::string_view message) {
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kUsagePayload, absl::Cord());
  return status;
}

int ExitCodeOf(v1::Phase phase) {
  switch (phase) {
    case v1::PHASE_SUCCEEDED:
      return kOk;
    case v1::PHASE_FAILED:
      return kJobFailed;
    case v1::PHASE_CANCELLED:
      return kJobCancelled;
    default:
      return kNotFinished;
  }
}

}  // namespace simclr::cli
