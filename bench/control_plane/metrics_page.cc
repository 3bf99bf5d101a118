#include "bench/control_plane/metrics_page.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"

namespace simclr::bench {
namespace {

std::string Exchange(int socket, const std::string& request) {
  std::string reply;
  if (::write(socket, request.data(), request.size()) != static_cast<ssize_t>(request.size())) return reply;
  char buffer[65536];
  ssize_t got = 0;
  while ((got = ::read(socket, buffer, sizeof buffer)) > 0)
    reply.append(buffer, static_cast<std::size_t>(got));
  return reply;
}

double BoundOf(const std::string& labels) {
  const std::vector<std::string> parts = absl::StrSplit(labels, '"');  // le="0.005"
  double bound = std::numeric_limits<double>::infinity();
  if (parts.size() > 1 && parts[1] != "+Inf") (void)absl::SimpleAtod(parts[1], &bound);
  return bound;
}

}  // namespace

absl::StatusOr<std::string> HttpGet(int port, const std::string& path) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string reply;
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    reply = Exchange(fd, absl::StrCat("GET ", path, " HTTP/1.0\r\nHost: localhost\r\n\r\n"));
  }
  ::close(fd);
  const std::size_t body = reply.find("\r\n\r\n");
  if (body == std::string::npos || !absl::StrContains(reply.substr(0, 16), " 200")) {
    return absl::UnavailableError(
        absl::StrCat("GET ", path, " gives '", reply.substr(0, reply.find('\r')), "'"));
  }
  return reply.substr(body + 4);
}

absl::StatusOr<MetricsPage> MetricsPage::Read(int port) {
  SIMCLR_ASSIGN_OR_RETURN(const std::string text, HttpGet(port, "/metrics"));
  return Parse(text);
}

MetricsPage MetricsPage::Parse(const std::string& text) {
  MetricsPage page;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    if (line[0] == '#') continue;
    const std::size_t space = line.rfind(' ');
    const std::size_t brace = std::min(line.find('{'), space);
    double value = 0;
    if (space == absl::string_view::npos || !absl::SimpleAtod(line.substr(space + 1), &value)) continue;
    page.values_[std::string(line.substr(0, brace))][std::string(line.substr(brace, space - brace))] = value;
  }
  return page;
}

double MetricsPage::Total(const std::string& name) const {
  double total = 0;
  if (const auto found = values_.find(name); found != values_.end()) {
    for (const auto& [labels, value] : found->second) total += value;
  }
  return total;
}

absl::StatusOr<MetricsPage::Growth> MetricsPage::GrowthSince(const MetricsPage& before,
                                                             const std::string& name) const {
  const auto buckets = values_.find(name + "_bucket");
  if (buckets == values_.end()) return absl::NotFoundError(absl::StrCat("no metric ", name));
  Growth growth;
  growth.count = Total(name + "_count") - before.Total(name + "_count");
  if (growth.count <= 0) return growth;
  growth.mean = (Total(name + "_sum") - before.Total(name + "_sum")) / growth.count;
  const auto earlier = before.values_.find(name + "_bucket");
  std::map<double, double> cumulative;
  for (const auto& [labels, value] : buckets->second) {
    const bool known = earlier != before.values_.end() && earlier->second.count(labels) > 0;
    cumulative[BoundOf(labels)] = value - (known ? earlier->second.at(labels) : 0);
  }
  for (const auto& [bound, count] : cumulative) {
    growth.bound99 = bound;
    if (count >= 0.99 * growth.count) break;
  }
  return growth;
}

}  // namespace simclr::bench
