#pragma once

#include "engine/base/torch.h"

namespace simclr::engine {

// The loops of a batch norm whose statistics are summed up over ranks in between: two passes over the data
// forward, two backward. `x` is (N, C, ...) in fp32, fp64 or bf16 and dense, contiguous or channels last;
// results have its type and layout. What belongs to a channel is fp64, whatever the type of x, and sums
// accumulate in fp64: own loops on the CPU, LibTorch's kernels on CUDA. N may be 0. Thread-safe.

// The layout in which the loops read a tensor: channels last if it is so, else contiguous.
at::Tensor DenseForBatchNorm(const at::Tensor& x, at::MemoryFormat format);

// (2, C): sum x, sum x^2.
at::Tensor BatchNormSums(const at::Tensor& x);

// y = (x - mean) invstd weight + bias
at::Tensor BatchNormApply(const at::Tensor& x, const at::Tensor& mean, const at::Tensor& invstd,
                          const at::Tensor& weight, const at::Tensor& bias);

// (2, C): sum dy, sum dy xh, where xh = (x - mean) invstd.
at::Tensor BatchNormGradientSums(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& mean,
                                 const at::Tensor& invstd);

// dx = weight invstd (dy - sums[0] / count - xh sums[1] / count)
at::Tensor BatchNormGradientApply(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& mean,
                                  const at::Tensor& invstd, const at::Tensor& weight, const at::Tensor& sums,
                                  const at::Tensor& count);

}  // namespace simclr::engine
