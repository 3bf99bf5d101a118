#include "common/base/listening_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "tests/support/tcp_client.h"

namespace simclr {
namespace {

using ::testing::HasSubstr;

TEST(ListeningSocket, TakesConnectionsAtThePortThatItNames) {
  for (const std::string host : {"127.0.0.1", "0.0.0.0", "localhost", "::"}) {
    const auto socket = ListeningSocket::Open({host, 0});
    ASSERT_TRUE(socket.ok()) << host << ": " << socket.status();
    EXPECT_GT(socket->port(), 0);
    const TcpClient client(socket->port());
    EXPECT_TRUE(client.connected()) << host;
  }
}

TEST(ListeningSocket, SaysWhyAnAddressCannotBeBound) {
  const auto first = ListeningSocket::Open({"127.0.0.1", 0});
  ASSERT_TRUE(first.ok()) << first.status();
  const absl::Status taken = ListeningSocket::Open({"127.0.0.1", first->port()}).status();
  EXPECT_EQ(taken.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(taken.message()), HasSubstr("Address already in use"));
  EXPECT_THAT(std::string(ListeningSocket::Open({"192.0.2.1", 0}).status().message()),
              HasSubstr("cannot listen on 192.0.2.1:0: Cannot assign requested address"));
}

TEST(ListeningSocket, GivesThePortBackWithTheObject) {
  int port = 0;
  {
    auto first = ListeningSocket::Open({"127.0.0.1", 0});
    port = first->port();
    const ListeningSocket moved = *std::move(first);
    EXPECT_EQ(moved.port(), port);
  }
  EXPECT_TRUE(ListeningSocket::Open({"127.0.0.1", port}).ok());
}

}  // namespace
}  // namespace simclr
