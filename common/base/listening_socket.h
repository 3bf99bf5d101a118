#pragma once

#include <utility>

#include "absl/status/statusor.h"
#include "common/base/address.h"

namespace simclr {

// A TCP socket that listens. Accepting from it does not wait; no child process inherits it.
class ListeningSocket {
 public:
  // Binds the first address that the host's name has; port 0: from the kernel; [::] takes connections over
  // IPv4, too. Nobody else can bind the same port meanwhile. FAILED_PRECONDITION says why an address cannot
  // be bound: the port is taken, or the address is not one of this machine.
  static absl::StatusOr<ListeningSocket> Open(const HostPort& address);
  ~ListeningSocket();
  ListeningSocket(ListeningSocket&& other) noexcept : fd_(other.Release()), port_(other.port_) {}
  ListeningSocket& operator=(ListeningSocket&&) = delete;

  int fd() const { return fd_; }
  int port() const { return port_; }
  // The caller closes it from now on.
  int Release() { return std::exchange(fd_, -1); }

 private:
  explicit ListeningSocket(int fd) : fd_(fd) {}

  int fd_;
  int port_ = 0;
};

}  // namespace simclr
