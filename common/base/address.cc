#include "common/base/address.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/text.h"

namespace simclr {
namespace {

constexpr int kMaxPort = 65535;

absl::Status Refuse(absl::string_view address, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("'", Printable(address), "' is no address: ", why,
                   "; write HOST:PORT, such as 127.0.0.1:7400, [::1]:7400 or node-1.example.org:7400"));
}

bool IsIp(int family, const std::string& host) {
  unsigned char bytes[sizeof(in6_addr)];
  return ::inet_pton(family, host.c_str(), bytes) == 1;
}

bool IsName(absl::string_view host) {
  const auto allowed = [](char c) { return absl::ascii_isalnum(c) || c == '-' || c == '.' || c == '_'; };
  return !host.empty() && std::all_of(host.begin(), host.end(), allowed);
}

// Empty where it is a host.
absl::string_view WhyNoHost(absl::string_view host) {
  if (host.empty()) return "it has no host";
  const std::string bare(absl::StripSuffix(absl::StripPrefix(host, "["), "]"));
  if (bare.size() + 2 == host.size()) return IsIp(AF_INET6, bare) ? "" : "no IPv6 address is in the brackets";
  if (IsIp(AF_INET6, bare)) return "an IPv6 address needs brackets";
  const bool numeric = host.find_first_not_of("0123456789.") == absl::string_view::npos;
  if (numeric && !IsIp(AF_INET, bare)) return "its host is no IPv4 address";
  return IsName(host) ? "" : "its host is no name";
}

bool IsPort(absl::string_view text, int& port) {
  const bool digits = !text.empty() && std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
  return digits && absl::SimpleAtoi(text, &port) && port <= kMaxPort;
}

}  // namespace

std::string HostPort::text() const {
  return ipv6() ? absl::StrCat("[", host, "]:", port) : absl::StrCat(host, ":", port);
}

bool HostPort::ipv6() const {
  return host.find(':') != std::string::npos;
}

absl::StatusOr<HostPort> ParseHostPort(absl::string_view address) {
  if (IsIp(AF_INET6, std::string(address)))
    return Refuse(address, "an IPv6 address needs brackets and a port");
  const std::size_t colon = address.rfind(':');
  if (colon == absl::string_view::npos || absl::EndsWith(address, "]"))
    return Refuse(address, "it has no port");
  HostPort parsed;
  const absl::string_view host = address.substr(0, colon), port = address.substr(colon + 1);
  if (!IsPort(port, parsed.port)) {
    return Refuse(address,
                  absl::StrCat("its port '", Printable(port), "' is no number from 0 to ", kMaxPort));
  }
  if (const absl::string_view why = WhyNoHost(host); !why.empty()) return Refuse(address, why);
  parsed.host = std::string(absl::StripSuffix(absl::StripPrefix(host, "["), "]"));
  return parsed;
}

}  // namespace simclr
