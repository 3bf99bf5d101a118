#pragma once

#include <cstddef>

#include "absl/strings/string_view.h"

namespace simclr {

enum class Greeting {
  kUnfinished,  // more of it must come
  kWhole,
  kForeign,  // whoever sent this does not speak the protocol
};

// As many bytes of a connection as JudgeGreeting looks at.
constexpr std::size_t kGreetingBytes = 24;

// What a client of gRPC says first: a TLS record with its hello, without TLS the preface of HTTP/2. `start`
// are the first bytes that came, kGreetingBytes at most, `available` how many came in all. Pure.
Greeting JudgeGreeting(absl::string_view start, std::size_t available, bool tls);

}  // namespace simclr
