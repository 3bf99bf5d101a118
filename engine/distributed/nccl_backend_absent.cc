#include <c10/util/Exception.h>

#include "engine/distributed/backend_factory.h"

namespace simclr::engine {

BackendPtr MakeNcclBackend(const StorePtr& store, int rank, int world_size,
                           const RendezvousOptions& options) {
  C10_THROW_ERROR(DistBackendError, "built without NCCL; use the cuda preset");
}

}  // namespace simclr::engine
