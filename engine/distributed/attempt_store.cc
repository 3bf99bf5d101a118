#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "engine/base/torch_status.h"
#include "engine/distributed/attempt_store_impl.h"

namespace simclr::engine {
namespace {

struct Listener {
  int socket = -1;
  std::uint16_t port = 0;
};

// A socket that listens on `host` alone, on a port from the kernel. c10d by itself would listen everywhere.
absl::StatusOr<Listener> ListenOn(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), "0", &hints, &found); error != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "rendezvous address '", host, "' is not an address of this machine: ", gai_strerror(error),
        "; give the agent another --address"));
  }
  const absl::Cleanup free_found = [found] { freeaddrinfo(found); };

  const int listener = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_storage bound{};
  socklen_t length = sizeof(bound);
  auto* address = reinterpret_cast<sockaddr*>(&bound);
  if (listener < 0 || bind(listener, found->ai_addr, found->ai_addrlen) != 0 ||
      listen(listener, SOMAXCONN) != 0 || getsockname(listener, address, &length) != 0) {
    const std::string reason = std::strerror(errno);
    if (listener >= 0) close(listener);
    return absl::UnavailableError(absl::StrCat("cannot listen on rendezvous address '", host, "': ", reason,
                                               "; give the agent an --address of this machine"));
  }
  const bool v6 = bound.ss_family == AF_INET6;
  const auto port = v6 ? reinterpret_cast<const sockaddr_in6*>(&bound)->sin6_port
                       : reinterpret_cast<const sockaddr_in*>(&bound)->sin_port;
  return Listener{listener, ntohs(port)};
}

absl::StatusOr<std::pair<std::string, std::uint16_t>> SplitEndpoint(const std::string& endpoint) {
  const auto colon = endpoint.rfind(':');
  std::uint32_t port = 0;
  if (colon == std::string::npos || colon == 0 || !absl::SimpleAtoi(endpoint.substr(colon + 1), &port) ||
      port == 0 || port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("store endpoint '", endpoint, "' is not host:port"));
  }
  return std::make_pair(endpoint.substr(0, colon), static_cast<std::uint16_t>(port));
}

}  // namespace

absl::StatusOr<std::unique_ptr<AttemptStore>> AttemptStore::Host(const std::string& host) {
  SIMCLR_ASSIGN_OR_RETURN(const Listener listener, ListenOn(host));
  c10d::TCPStoreOptions options;
  options.port = listener.port;
  options.isServer = true;
  options.waitWorkers = false;
  options.masterListenFd = listener.socket;  // owned by the store from here on
  std::unique_ptr<AttemptStore> store;
  SIMCLR_RETURN_IF_ERROR(CatchTorch(absl::StrCat("hosting the store of the attempt on ", host), [&] {
    store.reset(new AttemptStore(std::make_unique<Impl>(c10::make_intrusive<c10d::TCPStore>(host, options),
                                                        absl::StrCat(host, ":", listener.port))));
    return absl::OkStatus();
  }));
  return store;
}

absl::StatusOr<std::unique_ptr<AttemptStore>> AttemptStore::Join(const std::string& endpoint,
                                                                 absl::Duration timeout) {
  SIMCLR_ASSIGN_OR_RETURN(const auto address, SplitEndpoint(endpoint));
  c10d::TCPStoreOptions options;
  options.port = address.second;
  options.waitWorkers = false;
  options.timeout = absl::ToChronoMilliseconds(timeout);
  std::unique_ptr<AttemptStore> store;
  SIMCLR_RETURN_IF_ERROR(CatchTorch(absl::StrCat("joining the store of the attempt at ", endpoint), [&] {
    store.reset(new AttemptStore(
        std::make_unique<Impl>(c10::make_intrusive<c10d::TCPStore>(address.first, options), endpoint)));
    return absl::OkStatus();
  }));
  return store;
}

AttemptStore::AttemptStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AttemptStore::~AttemptStore() = default;

const std::string& AttemptStore::endpoint() const {
  return impl_->endpoint();
}

}  // namespace simclr::engine
