#include "common/rpc/refusal.h"

#include <utility>

#include "absl/strings/cord.h"

namespace simclr {
namespace {

constexpr char kPayload[] = "simclr/refusal";
constexpr std::pair<Refusal, const char*> kWords[] = {
    {Refusal::kReplaced, "replaced"}, {Refusal::kNameTaken, "name-taken"}, {Refusal::kProtocol, "protocol"}};

std::optional<Refusal> FromWord(absl::string_view word) {
  for (const auto& [refusal, name] : kWords) {
    if (word == name) return refusal;
  }
  return std::nullopt;
}

}  // namespace

std::string RefusalWord(Refusal why) {
  for (const auto& [refusal, name] : kWords) {
    if (refusal == why) return name;
  }
  return "";
}

absl::Status RefusalStatus(Refusal why, absl::string_view message) {
  const bool taken = why == Refusal::kNameTaken;
  return WithRefusalDetails(
      taken ? absl::AlreadyExistsError(message) : absl::FailedPreconditionError(message), RefusalWord(why));
}

std::optional<Refusal> RefusalOf(const absl::Status& status) {
  return FromWord(RefusalDetails(status));
}

std::string RefusalDetails(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayload);
  return payload.has_value() ? std::string(*payload) : "";
}

absl::Status WithRefusalDetails(absl::Status status, absl::string_view details) {
  if (FromWord(details).has_value()) status.SetPayload(kPayload, absl::Cord(details));
  return status;
}

}  // namespace simclr
