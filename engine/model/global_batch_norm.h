#pragma once

#include "engine/base/torch.h"
#include "engine/distributed/collective.h"

namespace simclr::engine {

struct RunningStatistics {
  at::Tensor mean;      // (C)
  at::Tensor variance;  // (C), unbiased
  double momentum = 0.1;
};

// Batch norm in training mode over the samples of all ranks, weighted by their counts: equal to one process
// on the concatenated batch, gradients included. x is (N, C, ...) in fp32, fp64 or bf16; N may differ between
// ranks and be 0. One all-reduce forward (count, sum x, sum x^2) and one backward (sum dy, sum dy xh), both
// fp64.
//
// The gradients of weight and bias are sums over the own samples: their mean over ranks is the gradient of
// the mean of the ranks' losses when dy is the gradient of the sum of them, as GatherWithGrad hands it back.
// Updates `running`. `group` must outlive the backward. Every rank must call it in the same order.
at::Tensor GlobalBatchNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                           RunningStatistics& running, double eps, Collective& group);

}  // namespace simclr::engine
