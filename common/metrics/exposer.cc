#include "common/metrics/exposer.h"

#include <prometheus/text_serializer.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"

namespace simclr {
namespace {

HttpReply Scraped(const prometheus::Collectable& metrics) {
  HttpReply reply;
  reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
  reply.body = prometheus::TextSerializer().Serialize(metrics.Collect());
  return reply;
}

HttpReply Probed(const absl::Status& status) {
  HttpReply reply;
  reply.status = status.ok() ? 200 : 503;
  reply.body = status.ok() ? "ok\n" : absl::StrCat(status.message(), "\n");
  return reply;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Exposer>> Exposer::Start(const ExposerOptions& options,
                                                        std::shared_ptr<prometheus::Collectable> metrics) {
  std::vector<HttpRoute> routes = {
      {"/metrics", HttpPace::kSlow,
       [metrics = std::move(metrics)](const HttpRequest&) { return Scraped(*metrics); }},
      {"/livez", HttpPace::kAtOnce, [live = options.live](const HttpRequest&) { return Probed(live()); }},
      {"/readyz", HttpPace::kAtOnce, [ready = options.ready](const HttpRequest&) { return Probed(ready()); }},
  };
  HttpServerOptions http;
  http.listen = options.listen;
  SIMCLR_ASSIGN_OR_RETURN(std::unique_ptr<HttpServer> server, HttpServer::Start(http, std::move(routes)));
  return std::unique_ptr<Exposer>(new Exposer(std::move(server)));
}

}  // namespace simclr
