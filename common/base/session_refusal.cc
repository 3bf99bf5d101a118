#include "common/base/session_refusal.h"

#include <utility>

#include "absl/strings/cord.h"

namespace simclr {
namespace {

constexpr char kPayload[] = "simclr/refusal";
constexpr std::pair<SessionRefusal, const char*> kWords[] = {{SessionRefusal::kReplaced, "replaced"},
                                                             {SessionRefusal::kNameTaken, "name-taken"},
                                                             {SessionRefusal::kProtocol, "protocol"}};

std::optional<SessionRefusal> FromWord(absl::string_view word) {
  for (const auto& [refusal, name] : kWords) {
    if (word == name) return refusal;
  }
  return std::nullopt;
}

}  // namespace

std::string SessionRefusalWord(SessionRefusal why) {
  for (const auto& [refusal, name] : kWords) {
    if (refusal == why) return name;
  }
  return "";
}

absl::Status SessionRefusalStatus(SessionRefusal why, absl::string_view message) {
  const bool taken = why == SessionRefusal::kNameTaken;
  return WithSessionRefusalDetails(
      taken ? absl::AlreadyExistsError(message) : absl::FailedPreconditionError(message),
      SessionRefusalWord(why));
}

std::optional<SessionRefusal> SessionRefusalOf(const absl::Status& status) {
  return FromWord(SessionRefusalDetails(status));
}

std::string SessionRefusalDetails(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayload);
  return payload.has_value() ? std::string(*payload) : "";
}

absl::Status WithSessionRefusalDetails(absl::Status status, absl::string_view details) {
  if (FromWord(details).has_value()) status.SetPayload(kPayload, absl::Cord(details));
  return status;
}

}  // namespace simclr
