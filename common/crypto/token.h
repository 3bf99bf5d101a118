#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace simclr {

// A new bearer token: 256 random bits as 64 hexadecimal digits. A secret: it goes into a file of mode 0600
// and never into a log, an error or a command line. Thread-safe.
absl::StatusOr<std::string> MakeToken();

// What a server stores and compares: the SHA-256 of the token in hexadecimal. Thread-safe.
std::string HashToken(absl::string_view token);

// Equality whose time depends on the lengths alone. Thread-safe.
bool ConstantTimeEquals(absl::string_view a, absl::string_view b);

}  // namespace simclr
