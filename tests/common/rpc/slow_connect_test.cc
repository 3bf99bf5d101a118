// A channel to a server that is far away or busy: the handshake takes its time.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "simclr/v1/cluster_service.grpc.pb.h"

namespace simclr {
namespace {

constexpr int kHandshakeMs = 1000;

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

// Copies what one side sends to the other until either hangs up.
void Relay(int left, int right) {
  pollfd ends[] = {{left, POLLIN, 0}, {right, POLLIN, 0}};
  while (::poll(ends, 2, -1) > 0) {
    for (int from = 0; from < 2; ++from) {
      if (ends[from].revents == 0) continue;
      char bytes[4096];
      const ssize_t count = ::recv(ends[from].fd, bytes, sizeof bytes, 0);
      if (count <= 0 || ::send(ends[1 - from].fd, bytes, count, MSG_NOSIGNAL) != count) return;
    }
  }
}

// Stands between a client and a server. Takes one connection, and passes its first byte on after
// kHandshakeMs unless the client has lost patience by then.
class SlowRelay {
 public:
  explicit SlowRelay(int server_port) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = Loopback(0);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this, server_port] { ServeOne(server_port); });
  }
  ~SlowRelay() {
    ::shutdown(listener_, SHUT_RDWR);  // ends a wait in accept
    thread_.join();
    ::close(listener_);
  }

  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

 private:
  void ServeOne(int server_port) {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    pollfd hung_up = {client, POLLRDHUP, 0};
    if (::poll(&hung_up, 1, kHandshakeMs) == 0) {
      const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const sockaddr_in address = Loopback(server_port);
      if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        Relay(client, server);
      ::close(server);
    }
    ::close(client);
  }

  const int listener_;
  int port_ = 0;
  std::jthread thread_;
};

TEST(Channel, WaitsForASlowHandshake) {
  v1::ClusterService::Service service;
  const auto server = RpcServer::Start({.listen = "127.0.0.1:0", .tls = {}}, {&service});
  ASSERT_TRUE(server.ok()) << server.status();
  const SlowRelay relay((*server)->port());
  const auto channel = MakeChannel(relay.address(), {});
  ASSERT_TRUE(channel.ok()) << channel.status();

  const auto stub = v1::ClusterService::NewStub(*channel);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
  v1::ClusterStatus answer;
  const grpc::Status status = stub->GetStatus(&context, {}, &answer);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << status.error_message();
}

}  // namespace
}  // namespace simclr
