#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace simclr {

// Holds a port of 127.0.0.1 until it is destroyed. A killed process may give its ports back a moment after it
// counts as gone: the port is waited for.
class Listener {
 public:
  // "127.0.0.1:PORT"; port 0: from the kernel.
  explicit Listener(const std::string& address) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in bound{};
    bound.sin_family = AF_INET;
    bound.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    bound.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof bound;
    const absl::Time end = absl::Now() + absl::Seconds(10);
    int failed = ::bind(fd_, reinterpret_cast<sockaddr*>(&bound), size);
    while (failed != 0 && absl::Now() < end) {
      absl::SleepFor(absl::Milliseconds(10));
      failed = ::bind(fd_, reinterpret_cast<sockaddr*>(&bound), size);
    }
    EXPECT_EQ(failed, 0) << address << " does not come free";
    EXPECT_EQ(::listen(fd_, 1), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&bound), &size), 0);
    address_ = absl::StrCat("127.0.0.1:", ntohs(bound.sin_port));
  }
  ~Listener() { ::close(fd_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  const std::string& address() const { return address_; }

 private:
  const int fd_;
  std::string address_;
};

}  // namespace simclr
