#include "common/http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/base/clock.h"
#include "tests/support/tcp_client.h"

namespace simclr {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kLivez[] = "GET /livez HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";
constexpr char kBig[] = "GET /big HTTP/1.1\r\nConnection: close\r\n\r\n";
constexpr std::size_t kBigBytes = 32 << 20;  // more than the buffers of two sockets

class HttpServerTest : public ::testing::Test {
 protected:
  ~HttpServerTest() override {
    if (!release_.HasBeenNotified()) release_.Notify();
  }

  void Start(HttpServerOptions options = {}) {
    auto started = HttpServer::Start(
        options, {{"/livez", HttpPace::kAtOnce,
                   [](const HttpRequest&) {
                     return HttpReply{200, "text/plain", "ok\n"};
                   }},
                  {"/echo/", HttpPace::kAtOnce,
                   [](const HttpRequest& request) {
                     return HttpReply{200, "text/html", absl::StrCat(request.path, "|", request.query)};
                   }},
                  {"/big", HttpPace::kSlow,
                   [](const HttpRequest&) {
                     return HttpReply{200, "text/plain", std::string(kBigBytes, 'x')};
                   }},
                  {"/stuck", HttpPace::kSlow, [this](const HttpRequest&) {
                     release_.WaitForNotification();
                     return HttpReply();
                   }}});
    ASSERT_TRUE(started.ok()) << started.status();
    server_ = *std::move(started);
  }

  TcpClient Connect(const std::string& first = "") const { return TcpClient(server_->port(), first); }
  std::string Ask(const std::string& request) const { return Connect(request).ReadUntil(); }
  std::string Get(const std::string& path) const {
    return Ask(absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"));
  }

  absl::Notification release_;  // of the handlers that are stuck
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, ServesRoutesByPath) {
  Start();
  const std::string reply = Get("/echo/a/b?c=d");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(reply, HasSubstr("Content-Type: text/html\r\n"));
  EXPECT_THAT(reply, EndsWith("\r\n\r\n/echo/a/b|c=d"));
  EXPECT_THAT(Get("/other"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(HttpServerTest, HeadIsAnsweredWithoutABody) {
  Start();
  const std::string reply = Ask("HEAD /livez HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(reply, HasSubstr("Content-Length: 3\r\n"));
  EXPECT_THAT(reply, EndsWith("\r\n\r\n"));
}

TEST_F(HttpServerTest, RefusesWhatItDoesNotServe) {
  Start();
  const std::string method = Ask("POST /livez HTTP/1.1\r\nHost: here\r\n\r\n");
  EXPECT_THAT(method, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(method, HasSubstr("Allow: GET, HEAD\r\n"));
  EXPECT_THAT(Ask("GET /livez HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"), StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(Ask("GET /livez HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(Ask(absl::StrCat("GET /livez HTTP/1.1\r\nCookie: ", std::string(9000, 'x'), "\r\n\r\n")),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(Ask("GET http://elsewhere/livez HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Ask("\x16\x03\x01 is no HTTP\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpServerTest, AConnectionServesSeveralRequests) {
  Start();
  const TcpClient client = Connect("GET /echo/1 HTTP/1.1\r\n\r\nGET /echo/2 HTTP/1.1\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("/echo/2|"), HasSubstr("/echo/1|"));
  client.Send("GET /echo/3 HTTP/1.1\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("/echo/3|"), HasSubstr("HTTP/1.1 200 OK"));
}

TEST_F(HttpServerTest, HealthIsAnsweredBesideThousandsOfSilentAndSlowConnections) {
  Start();
  const std::size_t count = std::min<std::size_t>(5000, RaiseDescriptorLimit() - 600);
  std::vector<TcpClient> clients;
  absl::Duration longest;
  for (std::size_t i = 0; i < count; ++i) {
    clients.push_back(Connect(i % 2 == 0 ? "" : "GET /livez HTTP/1.1\r\nX-Slow: "));
    if (i % 500 != 499) continue;
    const absl::Duration start = RealClock().Monotonic();
    EXPECT_THAT(Ask(kLivez), StartsWith("HTTP/1.1 200 OK")) << i << " others";
    longest = std::max(longest, RealClock().Monotonic() - start);
  }
  EXPECT_LT(longest, absl::Seconds(1)) << count << " connections";
  const auto open =
      std::count_if(clients.begin(), clients.end(), [](const auto& one) { return !one.HungUp(); });
  EXPECT_LE(open, HttpServerOptions().max_connections) << "the others were closed at once";
}

TEST_F(HttpServerTest, HealthIsAnsweredWhileSlowHandlersAreStuck) {
  HttpServerOptions options;
  options.max_slow = 3;
  Start(options);
  std::vector<TcpClient> stuck;
  for (int i = 0; i < options.max_slow; ++i) {
    stuck.push_back(Connect("GET /stuck HTTP/1.1\r\n\r\n"));
    EXPECT_THAT(Ask(kLivez), StartsWith("HTTP/1.1 200 OK"));  // the server reads in the order of arrival
  }
  const std::string refused = Connect("GET /stuck HTTP/1.1\r\n\r\n").ReadUntil("\r\n\r\n");
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(refused, HasSubstr("Retry-After: 1"));
}

TEST_F(HttpServerTest, WhoDoesNotReadASlowReplyMakesRoomForOthers) {
  HttpServerOptions options;
  options.max_slow = 2;
  Start(options);
  std::vector<TcpClient> clients;
  std::string newest;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(Connect(kBig));
    newest = clients.back().ReadUntil("\r\n\r\n");
    EXPECT_THAT(newest, StartsWith("HTTP/1.1 200 OK"));
  }
  EXPECT_LT(clients.front().ReadUntil().size(), kBigBytes) << "it was cut off";
  EXPECT_GT(newest.size() + clients.back().ReadUntil().size(), kBigBytes);
}

TEST_F(HttpServerTest, ARequestThatDoesNotEndIsCutOff) {
  HttpServerOptions options;
  options.head_limit = absl::Milliseconds(50);
  Start(options);
  EXPECT_EQ(Ask("GET /livez HTTP/1.1\r\nX-Slow: "), "");
  EXPECT_EQ(Ask(""), "");
}

TEST_F(HttpServerTest, AConnectionThatIsNotUsedAgainIsClosed) {
  HttpServerOptions options;
  options.idle_limit = absl::Milliseconds(50);
  Start(options);
  EXPECT_THAT(Ask("GET /livez HTTP/1.1\r\n\r\n"), EndsWith("ok\n"));
}

TEST_F(HttpServerTest, AReplyThatIsNotReadIsCutOff) {
  HttpServerOptions options;
  options.write_limit = absl::Milliseconds(50);
  Start(options);
  const TcpClient client = Connect(kBig);
  client.ReadUntil("\r\n\r\n");
  const absl::Duration end = RealClock().Monotonic() + 4 * options.write_limit;
  while (RealClock().Monotonic() < end) EXPECT_THAT(Ask(kLivez), StartsWith("HTTP/1.1 200 OK"));
  EXPECT_LT(client.ReadUntil().size(), kBigBytes);
}

TEST_F(HttpServerTest, StopsAtOnceBesideOpenConnections) {
  Start();
  std::vector<TcpClient> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(Connect(i % 2 == 0 ? "" : kBig));
  const absl::Duration start = RealClock().Monotonic();
  server_.reset();
  EXPECT_LT(RealClock().Monotonic() - start, absl::Seconds(1));
  EXPECT_TRUE(clients.front().HungUp());
}

}  // namespace
}  // namespace simclr
