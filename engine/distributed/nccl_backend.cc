#include <c10/util/env.h>
#include <nccl.h>

#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include "engine/distributed/backend_factory.h"

namespace simclr::engine {

// ProcessGroupNCCL::Options holds a struct of nccl.h by value: another header than LibTorch's own means that
// its constructor writes past the end.
static_assert(NCCL_VERSION_CODE == SIMCLR_NCCL_VERSION_CODE, "nccl.h is not the one LibTorch was built with");

BackendPtr MakeNcclBackend(const StorePtr& store, int rank, int world_size,
                           const RendezvousOptions& options) {
  // CleanUpOnly: a lost peer aborts the communicator, whose next use throws on the training thread, so that
  // the run ends as PEER_LOST. By default c10d's watchdog would end the process, which looks like a crash.
  c10::utils::set_env("TORCH_NCCL_ASYNC_ERROR_HANDLING", "2", /*overwrite=*/false);
  auto nccl = c10d::ProcessGroupNCCL::Options::create();
  nccl->timeout = absl::ToChronoMilliseconds(options.timeout);
  nccl->is_high_priority_stream = true;
  auto backend = c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, world_size, nccl);
  backend->setBoundDeviceId(options.device);
  return backend;
}

}  // namespace simclr::engine
