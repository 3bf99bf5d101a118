#include "cli/local/free_port.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/address.h"

namespace simclr::cli {

bool IsFreePort(const std::string& address) {
  const auto parsed = ParseHostPort(address);
  if (!parsed.ok()) return false;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(parsed->port);
  if (::getaddrinfo(parsed->host.c_str(), port.c_str(), &hints, &found) != 0) return false;
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool free = ::bind(fd, found->ai_addr, found->ai_addrlen) == 0 && ::listen(fd, 1) == 0;
  ::close(fd);
  ::freeaddrinfo(found);
  return free;
}

}  // namespace simclr::cli
