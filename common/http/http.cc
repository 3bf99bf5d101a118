#include "common/http/http.h"

#include "absl/strings/match.h"

namespace simclr {

const HttpRoute* FindRoute(const std::vector<HttpRoute>& routes, absl::string_view path) {
  const HttpRoute* best = nullptr;
  for (const HttpRoute& route : routes) {
    const bool fits =
        path == route.path || (absl::EndsWith(route.path, "/") && absl::StartsWith(path, route.path));
    if (fits && (best == nullptr || route.path.size() > best->path.size())) best = &route;
  }
  return best;
}

HttpRequest ParseTarget(absl::string_view target) {
  if (!absl::StartsWith(target, "/")) return {};
  const std::size_t mark = target.find('?');
  if (mark == absl::string_view::npos) return {std::string(target), ""};
  return {std::string(target.substr(0, mark)), std::string(target.substr(mark + 1))};
}

}  // namespace simclr
