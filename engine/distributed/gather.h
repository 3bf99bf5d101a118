#pragma once

#include "engine/base/torch.h"
#include "engine/distributed/collective.h"

namespace simclr::engine {

// (n, D) on each rank -> (W n, D) in rank order, with the exact gradient: backward sums the ranks' gradients
// and keeps the own part. Together with the mean of parameter gradients over ranks and a loss that is the
// mean over the own rows, this equals one process on the global batch.
at::Tensor GatherWithGrad(const at::Tensor& local, Collective& collective);

}  // namespace simclr::engine
