#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace simclr {

// A host (a name, an IPv4 address, an IPv6 address without its brackets) and a port, 0 to 65535.
struct HostPort {
  std::string host;
  int port = 0;

  // "HOST:PORT", with brackets around an IPv6 address.
  std::string text() const;
  bool ipv6() const;
};

// Takes "127.0.0.1:7400", "[::1]:0", "localhost:7400" or "node-1.example.org:7400" apart. INVALID_ARGUMENT
// says what is wrong and which form is wanted: no port, one that is no number up to 65535, no host, an IPv6
// address without brackets. Names are not resolved. Pure.
absl::StatusOr<HostPort> ParseHostPort(absl::string_view address);

}  // namespace simclr
