#include "engine/model/batch_norm_kernels.h"

#include "engine/model/batch_norm_loops.h"

namespace simclr::engine {
namespace {

constexpr double kEps = 1e-5;  // any will do: the CUDA kernel adds it and we take it away again

at::Tensor ZeroSums(const at::Tensor& x) {
  return at::zeros({2, x.size(1)}, x.options().dtype(at::kDouble));
}

// LibTorch's CUDA kernels take what belongs to a channel in fp32 (fp64 for fp64 data).
at::Tensor ForKernel(const at::Tensor& channel, const at::Tensor& x) {
  return channel.to(x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
}

at::Tensor CudaSums(const at::Tensor& x) {
  const auto [mean, invstd] = at::batch_norm_stats(x, kEps);
  const double count = static_cast<double>(x.numel() / x.size(1));
  const at::Tensor wide_mean = mean.to(at::kDouble);
  const at::Tensor variance = invstd.to(at::kDouble).pow(-2) - kEps;
  return at::stack({wide_mean * count, (variance + wide_mean.square()) * count});
}

at::Tensor CudaGradientSums(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& mean,
                            const at::Tensor& invstd) {
  const at::Tensor none;
  const auto [sum, dot, unused_weight, unused_bias] = at::batch_norm_backward_reduce(
      dy, x, ForKernel(mean, x), ForKernel(invstd, x), none, /*input_g=*/true, /*weight_g=*/false,
      /*bias_g=*/false);
  return at::stack({sum.to(at::kDouble), dot.to(at::kDouble) * invstd});
}

}  // namespace

at::Tensor DenseForBatchNorm(const at::Tensor& x, at::MemoryFormat format) {
  return x.dim() == 4 ? x.contiguous(format) : x.contiguous();
}

at::Tensor BatchNormSums(const at::Tensor& x) {
  if (x.numel() == 0) return ZeroSums(x);
  return x.is_cuda() ? CudaSums(x) : cpu::Sums(x);
}

at::Tensor BatchNormApply(const at::Tensor& x, const at::Tensor& mean, const at::Tensor& invstd,
                          const at::Tensor& weight, const at::Tensor& bias) {
  if (x.numel() == 0) return at::empty_like(x);
  if (!x.is_cuda()) return cpu::Apply(x, mean, invstd * weight, bias);
  return at::batch_norm_elemt(x, ForKernel(weight, x), ForKernel(bias, x), ForKernel(mean, x),
                              ForKernel(invstd, x), kEps);
}

at::Tensor BatchNormGradientSums(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& mean,
                                 const at::Tensor& invstd) {
  if (x.numel() == 0) return ZeroSums(x);
  if (x.is_cuda()) return CudaGradientSums(dy, x, mean, invstd);
  at::Tensor sums = cpu::GradientSums(dy, x, mean);
  sums[1].mul_(invstd);
  return sums;
}

at::Tensor BatchNormGradientApply(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& mean,
                                  const at::Tensor& invstd, const at::Tensor& weight, const at::Tensor& sums,
                                  const at::Tensor& count) {
  if (x.numel() == 0) return at::empty_like(x);
  if (x.is_cuda()) {
    return at::batch_norm_backward_elemt(dy, x, ForKernel(mean, x), ForKernel(invstd, x),
                                         ForKernel(weight, x), ForKernel(sums[0], x),
                                         ForKernel(sums[1] / invstd, x), count.to(at::kInt).reshape({1}));
  }
  const at::Tensor scale = weight * invstd;
  return cpu::GradientApply(dy, x, mean, scale, -scale * invstd * sums[1] / count, -scale * sums[0] / count);
}

}  // namespace simclr::engine
