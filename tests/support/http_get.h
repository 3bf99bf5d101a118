#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"

namespace simclr {

// The whole reply, head included, of a server on this machine.
// `family` is AF_INET or AF_INET6.
inline std::string HttpGet(int port, const std::string& path, int family = AF_INET) {
  const int fd = ::socket(family, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 address6{};
  address6.sin6_family = AF_INET6;
  address6.sin6_port = address.sin_port;
  address6.sin6_addr = in6addr_loopback;
  const int connected = family == AF_INET6
                            ? ::connect(fd, reinterpret_cast<sockaddr*>(&address6), sizeof address6)
                            : ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
  EXPECT_EQ(connected, 0);
  const std::string request = absl::StrCat("GET ", path, " HTTP/1.0\r\n\r\n");
  EXPECT_EQ(::write(fd, request.data(), request.size()), static_cast<ssize_t>(request.size()));
  std::string reply;
  char buffer[4096];
  ssize_t got = 0;
  while ((got = ::read(fd, buffer, sizeof buffer)) > 0) reply.append(buffer, static_cast<std::size_t>(got));
  ::close(fd);
  return reply;
}

}  // namespace simclr
