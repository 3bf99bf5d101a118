#include "common/http/server.h"

#include <pthread.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/listening_socket.h"
#include "common/base/status_macros.h"
#include "common/base/thread_pool.h"
#include "common/http/connection.h"

namespace simclr {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// Before connections are taken again after the process ran out of descriptors.
constexpr absl::Duration kAcceptPause = absl::Milliseconds(50);

absl::StatusOr<HostPort> ParseListen(const std::string& listen) {
  absl::StatusOr<HostPort> parsed = ParseHostPort(listen);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("cannot serve HTTP: ", parsed.status().message()));
  }
  const bool numeric = parsed->ipv6() || parsed->host == "localhost" ||
                       parsed->host.find_first_not_of("0123456789.") == std::string::npos;
  if (numeric) return parsed;
  return absl::InvalidArgumentError(
      absl::StrCat("cannot serve HTTP on ", listen, ": write the address of ", parsed->host, " in numbers"));
}

HttpReply Refusal(int status, std::string why) {
  HttpReply reply;
  reply.status = status;
  reply.body = std::move(why) + "\n";
  return reply;
}

}  // namespace

class HttpServer::Loop : public HttpRequestSink {
 public:
  Loop(const HttpServerOptions& options, std::vector<HttpRoute> routes, ListeningSocket socket, bool ipv6)
      : options_(options),
        routes_(std::move(routes)),
        context_(1),
        acceptor_(context_, ipv6 ? tcp::v6() : tcp::v4(), socket.Release()),
        pause_(context_),
        pool_(std::make_unique<ThreadPool>("http-slow", options.slow_threads,
                                           static_cast<std::size_t>(options.max_slow))),
        thread_([this] {
          ::pthread_setname_np(::pthread_self(), "http");
          Accept();
          context_.run();
        }) {}

  ~Loop() override {
    stopping_ = true;
    context_.stop();
    thread_.join();
    pool_.reset();
  }

  void OnRequest(const HttpRequest& request, std::function<void(HttpReply, bool)> answer) override;
  void OnClosed(std::size_t id) override { connections_.erase(id); }

 private:
  void Accept();
  void OnAccepted(boost::system::error_code error, tcp::socket socket);
  void AnswerSlowly(const HttpRoute& route, const HttpRequest& request,
                    std::function<void(HttpReply, bool)> answer);
  // Closes the connection of those that `may_go` which has been in its phase for longest. False: there is
  // none.
  template <typename Predicate>
  bool CloseLongest(const Predicate& may_go);
  int SlowReplies() const;

  const HttpServerOptions options_;
  const std::vector<HttpRoute> routes_;
  std::atomic<bool> stopping_ = false;
  std::map<std::size_t, HttpConnection*> connections_;  // that are open; each takes itself out
  std::size_t last_id_ = 0;
  int slow_unanswered_ = 0;
  asio::io_context context_;  // goes before them: it holds their operations
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::unique_ptr<ThreadPool> pool_;
  std::thread thread_;
};

void HttpServer::Loop::Accept() {
  acceptor_.async_accept(
      [this](boost::system::error_code error, tcp::socket socket) { OnAccepted(error, std::move(socket)); });
}

void HttpServer::Loop::OnAccepted(boost::system::error_code error, tcp::socket socket) {
  const auto any_unserved = [](const HttpConnection& connection) {
    return connection.phase() != HttpConnection::Phase::kAnswering;
  };
  if (error) {  // no descriptor is free, most likely
    CloseLongest(any_unserved);
    pause_.expires_after(absl::ToChronoNanoseconds(kAcceptPause));
    pause_.async_wait([this](boost::system::error_code) { Accept(); });
    return;
  }
  if (connections_.size() >= static_cast<std::size_t>(options_.max_connections)) CloseLongest(any_unserved);
  const auto connection = std::make_shared<HttpConnection>(++last_id_, std::move(socket), options_, *this);
  connections_.emplace(connection->id(), connection.get());
  connection->Start();
  Accept();
}

template <typename Predicate>
bool HttpServer::Loop::CloseLongest(const Predicate& may_go) {
  auto longest = connections_.end();
  for (auto at = connections_.begin(); at != connections_.end(); ++at) {
    if (!may_go(*at->second)) continue;
    if (longest == connections_.end() || at->second->since() < longest->second->since()) longest = at;
  }
  if (longest == connections_.end()) return false;
  HttpConnection* connection = longest->second;
  connections_.erase(longest);
  connection->Close();
  return true;
}

int HttpServer::Loop::SlowReplies() const {
  int count = slow_unanswered_;
  for (const auto& [id, connection] : connections_) count += connection->sends_slow_reply();
  return count;
}

void HttpServer::Loop::OnRequest(const HttpRequest& request, std::function<void(HttpReply, bool)> answer) {
  const HttpRoute* route = FindRoute(routes_, request.path);
  if (route == nullptr) return answer(Refusal(404, "nothing is served here"), false);
  if (route->pace == HttpPace::kAtOnce) return answer(route->handle(request), false);
  AnswerSlowly(*route, request, std::move(answer));
}

void HttpServer::Loop::AnswerSlowly(const HttpRoute& route, const HttpRequest& request,
                                    std::function<void(HttpReply, bool)> answer) {
  const auto sends = [](const HttpConnection& connection) { return connection.sends_slow_reply(); };
  if (SlowReplies() >= options_.max_slow && !CloseLongest(sends)) {
    return answer(Refusal(503, "too many such requests at a time; ask again"), false);
  }
  ++slow_unanswered_;
  // The last owner of a connection is always the context: it goes on this thread, or with the server.
  (void)pool_->Run([this, &route, request, answer = std::move(answer)]() mutable {
    HttpReply reply;
    if (!stopping_) reply = route.handle(request);
    asio::post(context_, [this, answer = std::move(answer), reply = std::move(reply)]() mutable {
      --slow_unanswered_;
      answer(std::move(reply), true);
    });
  });
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                              std::vector<HttpRoute> routes) {
  SIMCLR_ASSIGN_OR_RETURN(HostPort listen, ParseListen(options.listen));
  absl::StatusOr<ListeningSocket> socket = ListeningSocket::Open(listen);
  if (!socket.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot serve HTTP on ", options.listen,
                     "; the port is taken or the address is not one of this machine: choose another"));
  }
  listen.port = socket->port();
  auto loop = std::make_unique<Loop>(options, std::move(routes), *std::move(socket), listen.ipv6());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(loop), listen.port, listen.text()));
}

HttpServer::HttpServer(std::unique_ptr<Loop> loop, int port, std::string address)
    : loop_(std::move(loop)), port_(port), address_(std::move(address)) {}

HttpServer::~HttpServer() = default;

}  // namespace simclr
