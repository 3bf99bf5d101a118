#include "common/base/listening_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace simclr {
namespace {

// Connections that the kernel holds until they are accepted; it cuts this to its own limit.
constexpr int kBacklog = 1024;

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

absl::Status CannotListen(const HostPort& address, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat("cannot listen on ", address.text(), ": ", why));
}

absl::StatusOr<Addresses> Resolve(const HostPort& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  // The loopback address of IPv4 is what everybody takes that name for.
  const std::string host = address.host == "localhost" ? "127.0.0.1" : address.host;
  const int code = ::getaddrinfo(host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (code != 0) return CannotListen(address, ::gai_strerror(code));
  return Addresses(found, ::freeaddrinfo);
}

int PortOf(int fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  const bool ipv6 = bound.ss_family == AF_INET6;
  return ntohs(ipv6 ? reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port
                    : reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
}

}  // namespace

absl::StatusOr<ListeningSocket> ListeningSocket::Open(const HostPort& address) {
  const absl::StatusOr<Addresses> addresses = Resolve(address);
  if (!addresses.ok()) return addresses.status();
  const addrinfo& first = **addresses;
  ListeningSocket socket(::socket(first.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.fd_ < 0) return CannotListen(address, std::strerror(errno));
  const int on = 1, off = 0;
  ::setsockopt(socket.fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (first.ai_family == AF_INET6) ::setsockopt(socket.fd_, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (::bind(socket.fd_, first.ai_addr, first.ai_addrlen) != 0 || ::listen(socket.fd_, kBacklog) != 0) {
    return CannotListen(address, std::strerror(errno));
  }
  socket.port_ = PortOf(socket.fd_);
  return socket;
}

ListeningSocket::~ListeningSocket() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace simclr
