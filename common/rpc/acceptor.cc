#include "common/rpc/acceptor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/logging.h"
#include "common/rpc/greeting.h"

namespace simclr {
namespace {

constexpr int kEvents = 64;
constexpr absl::Duration kCountInterval = absl::Milliseconds(100);
constexpr absl::Duration kWarnInterval = absl::Minutes(1);

void Watch(int epoll, int fd, unsigned events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

// Whether a connection waits to be accepted.
bool IsPending(int listener) {
  pollfd watched{listener, POLLIN, 0};
  return ::poll(&watched, 1, 0) == 1;
}

int OpenSpare() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

std::string AddressText(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  const bool ipv6 = address.ss_family == AF_INET6;
  const void* bytes =
      ipv6 ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr)
           : &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  ::inet_ntop(address.ss_family, bytes, text, sizeof text);
  return text;
}

// 0: the descriptor is no open socket.
ino_t SocketInode(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode) ? status.st_ino : 0;
}

}  // namespace

AcceptorOptions FitToDescriptors(AcceptorOptions options, std::int64_t descriptors) {
  options.max_connections =
      static_cast<int>(std::min<std::int64_t>(options.max_connections, descriptors / 2));
  options.max_greeting = static_cast<int>(std::min<std::int64_t>(options.max_greeting, descriptors / 4));
  return options;
}

Acceptor::Acceptor(ListeningSocket socket, const AcceptorOptions& options, std::function<void(int)> hand_on)
    : socket_(std::move(socket)),
      options_(options),
      hand_on_(std::move(hand_on)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      stop_(::eventfd(0, EFD_CLOEXEC)),
      spare_(OpenSpare()),
      thread_([this] {
        ::pthread_setname_np(::pthread_self(), "rpc-accept");
        Loop();
      }) {}

Acceptor::~Acceptor() {
  ::eventfd_write(stop_, 1);
  thread_.join();
  for (const Newcomer& newcomer : newcomers_) ::close(newcomer.fd);
  for (const int fd : {epoll_, stop_, spare_}) ::close(fd);
}

void Acceptor::Loop() {
  Watch(epoll_, stop_, EPOLLIN);
  Watch(epoll_, socket_.fd(), EPOLLIN);
  epoll_event events[kEvents];
  while (true) {
    const int count = ::epoll_wait(epoll_, events, kEvents, WaitMilliseconds());
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (fd == stop_) return;
      if (fd == socket_.fd()) {
        AcceptAll();
      } else {
        Listen(fd);
      }
    }
    CloseSilent();
  }
}

void Acceptor::AcceptAll() {
  while (true) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const int fd =
        ::accept4(socket_.fd(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
      Welcome(fd, AddressText(address));
    } else if (errno == EMFILE || errno == ENFILE) {
      if (!IsPending(socket_.fd())) return;  // without a descriptor accept fails whether one waits or not
      TurnAway();
    } else if (errno != EINTR && errno != ECONNABORTED) {
      return;
    }
  }
}

void Acceptor::TurnAway() {
  if (!newcomers_.empty()) return Close(newcomers_.begin());
  ::close(spare_);
  const int fd = ::accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
  if (fd >= 0) ::close(fd);
  spare_ = OpenSpare();
  Refuse("no descriptor is free");
}

void Acceptor::Welcome(int fd, std::string address) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (newcomers_.size() >= static_cast<std::size_t>(options_.max_greeting)) Close(newcomers_.begin());
  newcomers_.push_back({fd, RealClock().Monotonic(), std::move(address)});
  by_fd_[fd] = std::prev(newcomers_.end());
  // Edges alone: what was looked at stays unread.
  Watch(epoll_, fd, EPOLLIN | EPOLLRDHUP | EPOLLET);
}

void Acceptor::Listen(int fd) {
  const auto found = by_fd_.find(fd);
  if (found == by_fd_.end()) return;  // it made room for another one meanwhile
  char start[kGreetingBytes];
  const ssize_t got = ::recv(fd, start, sizeof start, MSG_PEEK | MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return Close(found->second);
  int available = 0;
  ::ioctl(fd, FIONREAD, &available);
  switch (JudgeGreeting({start, static_cast<std::size_t>(got)}, static_cast<std::size_t>(available),
                        options_.tls)) {
    case Greeting::kUnfinished:
      return;
    case Greeting::kWhole:
      return HandOn(found->second);
    case Greeting::kForeign:
      return Close(found->second);
  }
}

void Acceptor::CloseSilent() {
  const absl::Duration now = RealClock().Monotonic();
  while (!newcomers_.empty() && newcomers_.front().since + options_.greeting_limit <= now) {
    Close(newcomers_.begin());
  }
}

int Acceptor::WaitMilliseconds() const {
  if (newcomers_.empty()) return -1;
  const absl::Duration wait = newcomers_.front().since + options_.greeting_limit - RealClock().Monotonic();
  return std::max<int>(0, static_cast<int>(absl::ToInt64Milliseconds(wait)) + 1);
}

void Acceptor::Close(Newcomers::iterator newcomer) {
  ::close(newcomer->fd);
  by_fd_.erase(newcomer->fd);
  newcomers_.erase(newcomer);
}

void Acceptor::HandOn(Newcomers::iterator newcomer) {
  const Newcomer one = std::move(*newcomer);
  by_fd_.erase(one.fd);
  newcomers_.erase(newcomer);
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, one.fd, nullptr);
  if (const auto gone = guests_.find(one.fd); gone != guests_.end()) ForgetGuest(gone);
  full_ = !HasRoom(one.address);
  if (full_) {
    Refuse(absl::StrCat("too many are open, in all or from ", one.address));
    ::close(one.fd);
    return;
  }
  guests_[one.fd] = {SocketInode(one.fd), one.address};
  ++guests_of_address_[one.address];
  hand_on_(one.fd);
}

bool Acceptor::HasRoom(const std::string& address) {
  const auto has_room = [&] {
    const auto of_address = guests_of_address_.find(address);
    return guests_.size() < static_cast<std::size_t>(options_.max_connections) &&
           (of_address == guests_of_address_.end() ||
            of_address->second < options_.max_connections_of_address);
  };
  if (has_room()) return true;
  CountGuests();
  return has_room();
}

// gRPC does not say when it closes a connection: its descriptor is looked up.
void Acceptor::CountGuests() {
  const absl::Duration now = RealClock().Monotonic();
  if (now - counted_at_ < kCountInterval) return;
  counted_at_ = now;
  for (auto at = guests_.begin(); at != guests_.end();) {
    const auto guest = at++;
    if (SocketInode(guest->first) != guest->second.inode) ForgetGuest(guest);
  }
}

void Acceptor::ForgetGuest(std::unordered_map<int, Guest>::iterator guest) {
  const auto of_address = guests_of_address_.find(guest->second.address);
  if (--of_address->second == 0) guests_of_address_.erase(of_address);
  guests_.erase(guest);
}

void Acceptor::Refuse(const std::string& why) {
  ++refused_;
  const absl::Duration now = RealClock().Monotonic();
  if (now - warned_at_ < kWarnInterval) return;
  warned_at_ = now;
  LogWarning("connections are refused",
             {{"cause", why},
              {"limit", absl::StrCat(options_.max_connections)},
              {"limit_of_address", absl::StrCat(options_.max_connections_of_address)}});
}

}  // namespace simclr
