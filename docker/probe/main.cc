// simclr-probe HOST:PORT/PATH: asks an HTTP server once; exit 0 if it answers 200, else 1 with the reason.
// The images carry it for their health checks, because they have neither a shell nor curl. Links nothing but
// the C++ library.
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <iostream>
#include <memory>
#include <string>
#include <string_view>

namespace {

constexpr int kLimitSeconds = 4;  // for everything, name lookup included

struct Target {
  std::string host, port, path;
};

// Empty parts where the text is not HOST:PORT/PATH; an IPv6 address stands in brackets.
Target ParseTarget(std::string_view text) {
  const size_t slash = text.find('/');
  const size_t colon = text.substr(0, slash).rfind(':');
  if (slash == text.npos || colon == text.npos) return {};
  std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return {std::string(host), std::string(text.substr(colon + 1, slash - colon - 1)),
          std::string(text.substr(slash))};
}

// The limit's only effect: the process ends. No state to tidy up.
void OnLimit(int) {
  constexpr char kMessage[] = "simclr-probe: no answer in time\n";
  (void)!::write(STDERR_FILENO, kMessage, sizeof kMessage - 1);
  ::_exit(1);
}

// A connected socket, or -1 with the reason in `error`.
int Connect(const Target& target, std::string& error) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(target.host.c_str(), target.port.c_str(), &hints, &found); code != 0) {
    error = ::gai_strerror(code);
    return -1;
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, ::freeaddrinfo);
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    const int fd = ::socket(address->ai_family, address->ai_socktype, address->ai_protocol);
    if (fd >= 0 && ::connect(fd, address->ai_addr, address->ai_addrlen) == 0) return fd;
    error = ::strerror(errno);
    if (fd >= 0) ::close(fd);
  }
  return -1;
}

// The first line of the answer, without its end.
std::string AskStatusLine(int fd, const Target& target) {
  const std::string request = "GET " + target.path + " HTTP/1.0\r\nHost: " + target.host + "\r\n\r\n";
  if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    return "";
  std::string line;
  char next = 0;
  while (line.size() < 200 && ::recv(fd, &next, 1, 0) == 1 && next != '\r' && next != '\n') line += next;
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  const Target target = ParseTarget(argc == 2 ? argv[1] : "");
  if (target.host.empty() || target.port.empty()) {
    std::cerr << "usage: simclr-probe HOST:PORT/PATH, for example 127.0.0.1:7401/livez\n";
    return 2;
  }
  ::signal(SIGALRM, OnLimit);
  ::alarm(kLimitSeconds);
  std::string error;
  const int fd = Connect(target, error);
  if (fd < 0) {
    std::cerr << "simclr-probe: " << argv[1] << ": " << error << "\n";
    return 1;
  }
  const std::string status = AskStatusLine(fd, target);
  std::cerr << "simclr-probe: " << argv[1] << ": " << (status.empty() ? "no HTTP answer" : status) << "\n";
  return status.starts_with("HTTP/1.0 200 ") || status.starts_with("HTTP/1.1 200 ") ? 0 : 1;
}
