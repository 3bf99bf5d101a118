#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "engine/distributed/backend_factory.h"

namespace simclr::engine {

BackendPtr MakeGlooBackend(const StorePtr& store, int rank, int world_size,
                           const RendezvousOptions& options) {
  auto gloo = c10d::ProcessGroupGloo::Options::create(absl::ToChronoMilliseconds(options.timeout));
  gloo->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(options.host));
  gloo->threads = 2;  // one reduces while the next bucket is queued
  return c10::make_intrusive<c10d::ProcessGroupGloo>(store, rank, world_size, gloo);
}

}  // namespace simclr::engine
