#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace simclr {

struct HttpRequest {
  std::string path;   // "/metrics": what stands before '?', as it was sent
  std::string query;  // what stands behind it; empty: none
};

struct HttpReply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

enum class HttpPace {
  kAtOnce,  // on the server's own thread, which all connections share: it must not wait for anything
  kSlow,    // on a thread of the server's pool; too many at a time are refused
};

// What a server answers to GET; HEAD gets the same without its body.
struct HttpRoute {
  std::string path;  // "/livez" alone; "/assets/": also all below it
  HttpPace pace = HttpPace::kAtOnce;
  std::function<HttpReply(const HttpRequest&)> handle;
};

// The route with the longest path that fits; nullptr where none does. Pure.
const HttpRoute* FindRoute(const std::vector<HttpRoute>& routes, absl::string_view path);

// Takes "/path?query" apart. An empty path: the target is of another form, which only proxies get. Pure.
HttpRequest ParseTarget(absl::string_view target);

}  // namespace simclr
