#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <thread>
#include <unordered_map>

#include "absl/time/time.h"
#include "common/base/listening_socket.h"

namespace simclr {

struct AcceptorOptions {
  int max_connections = 4096;  // that were handed on and are open
  int max_connections_of_address = 2048;
  // That have not said their first words; one more, and the oldest of them is closed.
  int max_greeting = 512;
  absl::Duration greeting_limit = absl::Seconds(10);  // for these words
  bool tls = false;                                   // what the words are
};

// The same with room for everything else that a process with so many descriptors opens. Pure.
AcceptorOptions FitToDescriptors(AcceptorOptions options, std::int64_t descriptors);

// Takes the connections of a gRPC server, which has no bound of its own, and hands on those that have said
// what a client says first. Silent and slow ones, of any number, cost a descriptor each of a bounded number
// and keep nobody waiting; nor does it become deaf when descriptors run out, as gRPC's own listener does.
// Works from construction to destruction, on a thread of its own. Thread-safe.
class Acceptor {
 public:
  // `hand_on` owns the connection that it gets; called on the acceptor's thread.
  Acceptor(ListeningSocket socket, const AcceptorOptions& options, std::function<void(int fd)> hand_on);
  ~Acceptor();

  // Whether connections are refused now, because too many are open.
  bool full() const { return full_; }
  // Connections that were, since the start.
  std::int64_t refused() const { return refused_; }

 private:
  struct Newcomer {
    int fd;
    absl::Duration since;  // monotonic
    std::string address;   // without the port
  };
  struct Guest {
    ino_t inode;
    std::string address;
  };
  using Newcomers = std::list<Newcomer>;

  void Loop();
  void AcceptAll();
  // Takes the connection that waits for longest from the kernel and closes it.
  void TurnAway();
  void Welcome(int fd, std::string address);
  void Listen(int fd);  // to a newcomer's words
  void CloseSilent();
  int WaitMilliseconds() const;
  void Close(Newcomers::iterator newcomer);
  void HandOn(Newcomers::iterator newcomer);
  bool HasRoom(const std::string& address);
  // Forgets the guests that have gone.
  void CountGuests();
  void ForgetGuest(std::unordered_map<int, Guest>::iterator guest);
  void Refuse(const std::string& why);

  ListeningSocket socket_;
  const AcceptorOptions options_;
  const std::function<void(int)> hand_on_;
  const int epoll_;
  const int stop_;  // readable from the end on
  int spare_;       // a descriptor to take a connection with where no other is left
  std::atomic<bool> full_ = false;
  std::atomic<std::int64_t> refused_ = 0;

  // Of the thread.
  Newcomers newcomers_;  // in the order of arrival
  std::unordered_map<int, Newcomers::iterator> by_fd_;
  std::unordered_map<int, Guest> guests_;  // by descriptor
  std::unordered_map<std::string, int> guests_of_address_;
  absl::Duration counted_at_ = -absl::InfiniteDuration();
  absl::Duration warned_at_ = -absl::InfiniteDuration();

  std::thread thread_;
};

}  // namespace simclr
