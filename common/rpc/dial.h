#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace simclr {

// Whether the server at HOST:PORT takes a new connection: opens one, waits until the handshake of TLS (with
// `tls`) and of HTTP/2 is through, and closes it. Nobody's identity is checked, so this says nothing about
// certificates. A wildcard host (0.0.0.0, [::]) is dialled on loopback. DEADLINE_EXCEEDED: no answer within
// `timeout`.
absl::Status Dial(const std::string& address, bool tls, absl::Duration timeout);

}  // namespace simclr
