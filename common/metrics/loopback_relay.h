#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/address.h"

namespace simclr {

// Takes connections at an IPv6 address and hands their bytes on to a port of 127.0.0.1, and back: for a
// server that is built without IPv6, as Debian's CivetWeb is. At `[::]` connections over IPv4 come here too.
// A few connections at a time; one that is silent for ten seconds is closed. Ends at once with the object.
class LoopbackRelay {
 public:
  // FAILED_PRECONDITION names an address that cannot be bound.
  static absl::StatusOr<std::unique_ptr<LoopbackRelay>> Start(const HostPort& listen, int target_port);
  ~LoopbackRelay();

  int port() const { return port_; }  // the one that was bound

 private:
  LoopbackRelay(int listener, int port, int target_port);

  void Serve() const;              // one connection after the other, until the end
  void Hand(int client) const;     // all bytes of one connection
  bool Await(int a, int b) const;  // until one can be read; false: the end, or nothing came for too long

  const int listener_;
  const int port_;
  const int target_port_;
  const int stop_;  // readable from the end on
  std::vector<std::jthread> threads_;
};

}  // namespace simclr
