#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/base/torch.h"

namespace simclr::engine {

// A started all-reduce; its tensor must not be touched before Wait returns.
class PendingReduce {
 public:
  virtual ~PendingReduce() = default;
  virtual void Wait() = 0;
};

// What ranks say to each other. Every rank of the group calls the same methods in the same order with equal
// shapes. Throws c10::Error where a peer is gone or the time-out passes (engine code runs under CatchTorch,
// which makes it UNAVAILABLE); nothing can be retried on a broken group. One caller at a time.
class Collective {
 public:
  virtual ~Collective() = default;

  virtual int rank() const = 0;
  virtual int world_size() const = 0;

  // Sum over ranks, in place, on every rank. Any contiguous tensor on the group's device.
  virtual void AllReduceSum(at::Tensor& tensor) = 0;
  virtual std::unique_ptr<PendingReduce> StartAllReduceSum(at::Tensor& tensor) = 0;
  virtual void AllReduceMax(at::Tensor& tensor) = 0;
  // (n, ...) on each rank -> (W n, ...), in rank order.
  virtual at::Tensor AllGather(const at::Tensor& tensor) = 0;
  // Rank 0's bytes on every rank.
  virtual std::string Broadcast(const std::string& bytes) = 0;
  virtual void Barrier() = 0;

  // How long callers of this rank have blocked here so far. With Gloo: until the peers came and the data was
  // there. With NCCL next to nothing, since a collective is only queued: its time is part of whatever waits
  // for the device.
  virtual absl::Duration waited() const { return absl::ZeroDuration(); }
  // The run failed, so the peers may never come: the destructor, which otherwise takes leave of them in
  // order, then drops what is under way and does not wait. Nothing else may be called afterwards.
  virtual void Abandon() {}
};

// The group of one rank: every collective is the identity.
std::unique_ptr<Collective> MakeLocalCollective();

struct RendezvousOptions {
  std::string host = "127.0.0.1";  // bound to, by store and Gloo, and reached at
  std::string prefix;              // job/attempt/nonce: never used twice
  absl::Duration timeout = absl::Minutes(6);
  at::Device device = at::kCPU;  // CUDA: NCCL, CPU: Gloo
  // Told on the caller's thread, before and after each time that it blocks; must cost next to nothing.
  std::function<void(bool waiting)> on_wait;
};

// The c10d TCPStore of an attempt. Rank 0 hosts it on a port from the kernel, bound to `host` alone, and does
// not wait for the others; the store dies with this object. Thread-safe.
class AttemptStore {
 public:
  static absl::StatusOr<std::unique_ptr<AttemptStore>> Host(const std::string& host);
  static absl::StatusOr<std::unique_ptr<AttemptStore>> Join(const std::string& endpoint,
                                                            absl::Duration timeout);
  ~AttemptStore();

  // host:port
  const std::string& endpoint() const;

 private:
  friend absl::StatusOr<std::unique_ptr<Collective>> MakeCollective(AttemptStore&, const std::string&, int,
                                                                    int, const RendezvousOptions&);
  class Impl;
  explicit AttemptStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A group over the store. `name` tells the groups of an attempt apart ("gradients", "norm"). Blocks until all
// ranks came or the time-out passed (UNAVAILABLE, which says how many came where that is known).
absl::StatusOr<std::unique_ptr<Collective>> MakeCollective(AttemptStore& store, const std::string& name,
                                                           int rank, int world_size,
                                                           const RendezvousOptions& options);

}  // namespace simclr::engine
