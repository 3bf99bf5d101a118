#include "worker/agent/outbox/answer.h"

namespace simclr::agent {

Answer JudgeAnswer(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return Answer::kTaken;
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kNotFound:
      return Answer::kStale;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
      return Answer::kAway;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:  // a certificate that is about to be replaced
      return Answer::kNotNow;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
      return Answer::kDoubtful;
    default:
      return Answer::kRefused;
  }
}

}  // namespace simclr::agent
