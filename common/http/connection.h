#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "common/http/http.h"
#include "common/http/server.h"

namespace simclr {

// Where a connection's requests go; see HttpServer::Loop.
class HttpRequestSink {
 public:
  virtual ~HttpRequestSink() = default;

  // Answers now or later, on the thread of the connections, by calling `answer` once.
  virtual void OnRequest(const HttpRequest& request, std::function<void(HttpReply, bool slow)> answer) = 0;
  virtual void OnClosed(std::size_t id) = 0;
};

// One connection of an HttpServer: reads a request, has it answered, writes the reply, and so on. It lives as
// long as an operation of its own is under way. For the one thread of its context.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  enum class Phase {
    kReading,    // waits for a request, or for the rest of one
    kAnswering,  // waits for the server's own answer
    kWriting,    // waits for the peer to read it
  };

  // `sink` and `options` outlive it.
  HttpConnection(std::size_t id, boost::asio::ip::tcp::socket socket, const HttpServerOptions& options,
                 HttpRequestSink& sink);
  ~HttpConnection();

  void Start() { ReadHead(); }
  // Ends what is under way; its object goes soon after.
  void Close();

  std::size_t id() const { return id_; }
  Phase phase() const { return phase_; }
  bool sends_slow_reply() const { return phase_ == Phase::kWriting && slow_; }
  absl::Duration since() const { return since_; }  // monotonic: when the phase began

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::empty_body>;
  using Reply = boost::beast::http::response<boost::beast::http::string_body>;

  void Enter(Phase phase);
  void AwaitNext();  // the first byte of another request
  void ReadHead();
  void OnHead(boost::beast::error_code error);
  void Answer(HttpReply reply, bool slow);
  void Refuse(int status, std::string why);  // and read no further
  void Write(const HttpReply& reply);
  void OnWritten(boost::beast::error_code error);
  void AwaitHangUp();

  const std::size_t id_;
  boost::beast::tcp_stream stream_;
  const HttpServerOptions& options_;
  HttpRequestSink& sink_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;  // of the newest request
  Reply reply_;
  bool head_only_ = false;
  bool keep_alive_ = false;
  bool slow_ = false;
  Phase phase_ = Phase::kReading;
  absl::Duration since_;
};

}  // namespace simclr
