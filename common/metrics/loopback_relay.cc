#include "common/metrics/loopback_relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace simclr {
namespace {

constexpr int kThreads = 4;
constexpr int kSilenceMs = 10'000;
constexpr timeval kWriteLimit{5, 0};

// The listening socket, or -1 with errno.
int Bind(const HostPort& listen) {
  const int fd = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1, off = 0;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<std::uint16_t>(listen.port));
  ::inet_pton(AF_INET6, listen.host.c_str(), &address.sin6_addr);
  const bool bound =
      ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && ::listen(fd, 64) == 0;
  if (bound) return fd;
  const int error = errno;
  ::close(fd);
  errno = error;
  return -1;
}

int BoundPort(int fd) {
  sockaddr_in6 address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin6_port);
}

int Connect(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

// One piece, if there is one. False: `from` is at its end, or `to` does not take more.
bool Copy(int from, int to) {
  char buffer[1 << 14];
  const ssize_t got = ::recv(from, buffer, sizeof buffer, MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  for (ssize_t done = 0; done < got;) {
    const ssize_t sent = ::send(to, buffer + done, static_cast<std::size_t>(got - done), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    done += sent;
  }
  return got > 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LoopbackRelay>> LoopbackRelay::Start(const HostPort& listen, int target_port) {
  const int listener = Bind(listen);
  if (listener < 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot listen on ", listen.text(), ": ", std::strerror(errno)));
  }
  return std::unique_ptr<LoopbackRelay>(new LoopbackRelay(listener, BoundPort(listener), target_port));
}

LoopbackRelay::LoopbackRelay(int listener, int port, int target_port)
    : listener_(listener), port_(port), target_port_(target_port), stop_(::eventfd(0, EFD_CLOEXEC)) {
  for (int i = 0; i < kThreads; ++i) {
    threads_.emplace_back([this] {
      ::pthread_setname_np(::pthread_self(), "http6");
      Serve();
    });
  }
}

LoopbackRelay::~LoopbackRelay() {
  ::eventfd_write(stop_, 1);
  threads_.clear();
  ::close(listener_);
  ::close(stop_);
}

void LoopbackRelay::Serve() const {
  pollfd watched[] = {{listener_, POLLIN, 0}, {stop_, POLLIN, 0}};
  while (::poll(watched, 2, -1) >= 0 || errno == EINTR) {
    if (watched[1].revents != 0) return;
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;  // another thread took it
    Hand(client);
    ::close(client);
  }
}

void LoopbackRelay::Hand(int client) const {
  const int server = Connect(target_port_);
  if (server < 0) return;
  for (const int fd : {client, server})
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kWriteLimit, sizeof kWriteLimit);
  bool asking = true;
  while (Await(asking ? client : -1, server)) {
    if (asking && !Copy(client, server)) {
      asking = false;  // it may still read
      ::shutdown(server, SHUT_WR);
    }
    if (!Copy(server, client)) break;
  }
  ::close(server);
}

bool LoopbackRelay::Await(int a, int b) const {
  pollfd watched[] = {{a, POLLIN, 0}, {b, POLLIN, 0}, {stop_, POLLIN, 0}};
  return ::poll(watched, 3, kSilenceMs) > 0 && watched[2].revents == 0;
}

}  // namespace simclr
