#include "common/http/connection.h"

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"

namespace simclr {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr absl::Duration kFarewell = absl::Seconds(1);  // for the peer to hang up after the last reply

// What is said of a request that cannot be read; the connection ends with it.
std::pair<int, std::string> Explain(beast::error_code error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return {431, "the head of the request is too large"};
  if (error == http::error::body_limit) return {413, "a request has no body here"};
  return {400, absl::StrCat("this is no HTTP/1.1 request: ", error.message())};
}

}  // namespace

HttpConnection::HttpConnection(std::size_t id, boost::asio::ip::tcp::socket socket,
                               const HttpServerOptions& options, HttpRequestSink& sink)
    : id_(id),
      stream_(std::move(socket)),
      options_(options),
      sink_(sink),
      buffer_(options.max_head_bytes),
      since_(RealClock().Monotonic()) {}

HttpConnection::~HttpConnection() {
  sink_.OnClosed(id_);
}

void HttpConnection::Close() {
  stream_.close();
}

void HttpConnection::Enter(Phase phase) {
  phase_ = phase;
  since_ = RealClock().Monotonic();
}

void HttpConnection::AwaitNext() {
  Enter(Phase::kReading);
  if (buffer_.size() > 0) return ReadHead();  // it came with the one before
  stream_.expires_after(absl::ToChronoNanoseconds(options_.idle_limit));
  stream_.async_read_some(buffer_.prepare(options_.max_head_bytes / 2),
                          [self = shared_from_this()](beast::error_code error, std::size_t bytes) {
                            if (error) return;
                            self->buffer_.commit(bytes);
                            self->ReadHead();
                          });
}

void HttpConnection::ReadHead() {
  Enter(Phase::kReading);
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(options_.max_head_bytes));
  parser_->body_limit(0);
  stream_.expires_after(absl::ToChronoNanoseconds(options_.head_limit));
  http::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](beast::error_code error, std::size_t) { self->OnHead(error); });
}

void HttpConnection::OnHead(beast::error_code error) {
  keep_alive_ = head_only_ = false;
  if (error) {
    const bool said_wrong = error.category() == http::make_error_code(http::error::bad_method).category();
    // Whoever went away, or was too slow, is told nothing.
    if (!said_wrong || error == http::error::end_of_stream || error == http::error::partial_message) return;
    const auto [status, why] = Explain(error);
    return Refuse(status, why);
  }
  const auto& head = parser_->get();
  if (parser_->chunked()) return Refuse(413, "a request has no body here");
  head_only_ = head.method() == http::verb::head;
  if (head.method() != http::verb::get && !head_only_)
    return Refuse(405, "only GET and HEAD are served here");
  const HttpRequest request = ParseTarget({head.target().data(), head.target().size()});
  if (request.path.empty()) return Refuse(400, "the target of a request starts with '/'");
  keep_alive_ = head.keep_alive();
  Enter(Phase::kAnswering);
  stream_.expires_never();
  sink_.OnRequest(request, [self = shared_from_this()](HttpReply reply, bool slow) {
    self->slow_ = slow;
    self->Write(reply);
  });
}

void HttpConnection::Refuse(int status, std::string why) {
  keep_alive_ = false;
  slow_ = false;
  HttpReply reply;
  reply.status = status;
  reply.body = std::move(why) + "\n";
  Write(reply);
}

void HttpConnection::Write(const HttpReply& reply) {
  Enter(Phase::kWriting);
  reply_ = Reply(static_cast<http::status>(reply.status), 11);
  reply_.set(http::field::content_type, reply.content_type);
  if (reply.status == 405) reply_.set(http::field::allow, "GET, HEAD");
  if (reply.status == 503) reply_.set(http::field::retry_after, "1");
  reply_.keep_alive(keep_alive_);
  reply_.content_length(reply.body.size());
  if (!head_only_) reply_.body() = reply.body;
  stream_.expires_after(absl::ToChronoNanoseconds(options_.write_limit));
  http::async_write(stream_, reply_, [self = shared_from_this()](beast::error_code error, std::size_t) {
    self->OnWritten(error);
  });
}

void HttpConnection::OnWritten(beast::error_code error) {
  if (error) return;
  reply_ = {};
  slow_ = false;
  if (keep_alive_) return AwaitNext();
  stream_.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send, error);
  stream_.expires_after(absl::ToChronoNanoseconds(kFarewell));
  AwaitHangUp();
}

// Bytes that nobody reads would make the kernel take the reply back from the peer.
void HttpConnection::AwaitHangUp() {
  Enter(Phase::kReading);
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(options_.max_head_bytes),
                          [self = shared_from_this()](beast::error_code error, std::size_t) {
                            if (!error) self->AwaitHangUp();
                          });
}

}  // namespace simclr
