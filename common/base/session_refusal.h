#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace simclr {

// Why a coordinator does not take the session of an agent. It is what programs decide by; the message beside
// it is for people alone.
enum class SessionRefusal {
  kReplaced,   // another process has its name for good: end the trainers, ask no more
  kNameTaken,  // another live process holds the name: start nothing, ask again
  kProtocol,   // the two programs do not understand each other: ask again slowly
};

// "replaced", "name-taken" or "protocol".
std::string SessionRefusalWord(SessionRefusal why);

// FAILED_PRECONDITION, for kNameTaken ALREADY_EXISTS, with the reason attached. ToGrpc and FromGrpc
// (status_convert.h) carry it along, as the status's error details.
absl::Status SessionRefusalStatus(SessionRefusal why, absl::string_view message);

// nullopt for any other status, and for a reason that only a newer program knows.
std::optional<SessionRefusal> SessionRefusalOf(const absl::Status& status);

// The word that travels: "" where nothing is attached.
std::string SessionRefusalDetails(const absl::Status& status);
// Attaches the reason of `details` to a status that is not OK; words that are none are ignored.
absl::Status WithSessionRefusalDetails(absl::Status status, absl::string_view details);

}  // namespace simclr
