#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "engine/distributed/collective.h"

namespace simclr::engine {

using BackendPtr = c10::intrusive_ptr<c10d::Backend>;
using StorePtr = c10::intrusive_ptr<c10d::Store>;

// The only place where CPU and CUDA groups differ. Both connect to all ranks, bounded by options.timeout, and
// throw what c10d throws.

// Its device is bound to options.host.
BackendPtr MakeGlooBackend(const StorePtr& store, int rank, int world_size, const RendezvousOptions& options);

// Throws c10::DistBackendError in a build without NCCL.
BackendPtr MakeNcclBackend(const StorePtr& store, int rank, int world_size, const RendezvousOptions& options);

}  // namespace simclr::engine
