#pragma once

#include "engine/base/torch.h"

namespace simclr::engine::cpu {

// The CPU side of batch_norm_kernels.h, with its contracts. The instruction set is the one that LibTorch
// chose (ATEN_CPU_CAPABILITY lowers both).
at::Tensor Sums(const at::Tensor& x);
at::Tensor Apply(const at::Tensor& x, const at::Tensor& mean, const at::Tensor& scale,
                 const at::Tensor& bias);
// (2, C): sum dy, sum dy (x - mean).
at::Tensor GradientSums(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& mean);
// dx = a dy + b (x - mean) + c
at::Tensor GradientApply(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& mean,
                         const at::Tensor& a, const at::Tensor& b, const at::Tensor& c);

}  // namespace simclr::engine::cpu
