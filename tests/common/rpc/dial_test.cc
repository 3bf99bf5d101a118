#include "common/rpc/dial.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/rpc/server.h"
#include "simclr/v1/cluster_service.grpc.pb.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/test_pki.h"

namespace simclr {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);

// A socket in the state of a listener that gave up: the kernel takes connections, nobody accepts them.
class DeafListener {
 public:
  DeafListener() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(fd_, 8), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    address_ = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
  }
  ~DeafListener() { ::close(fd_); }

  const std::string& address() const { return address_; }

 private:
  const int fd_;
  std::string address_;
};

TEST(Dial, ReachesAServerWithAndWithoutTls) {
  v1::ClusterService::Service service;
  const TemporaryDirectory directory;
  TestPki pki(directory.path());
  const auto plain = RpcServer::Start({}, {&service});
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ(Dial((*plain)->address(), false, kPatience), absl::OkStatus());
  const auto encrypted = RpcServer::Start({.listen = "127.0.0.1:0", .tls = pki.Server()}, {&service});
  ASSERT_TRUE(encrypted.ok()) << encrypted.status();
  EXPECT_EQ(Dial((*encrypted)->address(), true, kPatience), absl::OkStatus());
}

TEST(Dial, DialsAWildcardOnLoopback) {
  v1::ClusterService::Service service;
  const TemporaryDirectory directory;
  TestPki pki(directory.path());
  const auto server = RpcServer::Start({.listen = "0.0.0.0:0", .tls = pki.Server()}, {&service});
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ(Dial((*server)->address(), true, kPatience), absl::OkStatus());
}

TEST(Dial, AListenerThatAcceptsNothingIsFoundOut) {
  const DeafListener deaf;
  for (const bool tls : {false, true}) {
    EXPECT_EQ(Dial(deaf.address(), tls, absl::Milliseconds(300)).code(), absl::StatusCode::kDeadlineExceeded);
  }
}

}  // namespace
}  // namespace simclr
