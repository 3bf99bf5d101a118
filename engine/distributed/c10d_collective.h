#pragma once

#include <functional>
#include <memory>

#include "engine/distributed/backend_factory.h"
#include "engine/distributed/collective.h"

namespace simclr::engine {

// The collectives over a connected backend of c10d; `on_wait` as in RendezvousOptions, may be empty. Its
// destructor shuts the backend down, or aborts it where the group was abandoned.
std::unique_ptr<Collective> MakeC10dCollective(BackendPtr backend, const at::Device& device,
                                               std::function<void(bool waiting)> on_wait);

}  // namespace simclr::engine
