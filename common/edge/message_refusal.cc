#include "common/edge/message_refusal.h"

#include "absl/strings/cord.h"

namespace simclr {
namespace {

constexpr char kReasonPayload[] = "simclr.v1/refusal-reason";
constexpr const char* kWords[] = {"unreadable", "size", "items", "range", "text", "word", "context"};

}  // namespace

absl::Status RefusedStatus(MessageRefusal reason, absl::string_view message) {
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kReasonPayload, absl::Cord(kWords[static_cast<int>(reason)]));
  return status;
}

std::string RefusalReason(const absl::Status& status) {
  const auto reason = status.GetPayload(kReasonPayload);
  return reason ? std::string(*reason) : "";
}

std::vector<std::string> RefusalReasons() {
  return {std::begin(kWords), std::end(kWords)};
}

}  // namespace simclr
