#include "engine/model/global_batch_norm.h"

#include <cstdint>

#include "engine/base/torch_autograd.h"
#include "engine/model/batch_norm_kernels.h"

namespace simclr::engine {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Statistics {
  at::Tensor count;     // scalar
  at::Tensor mean;      // (C)
  at::Tensor variance;  // (C), biased
};

// fp64 sums leave the mean of squares enough digits: values near 1000 with spread 0.25 lose none that matter.
Statistics OverAllRanks(const at::Tensor& x, Collective& group) {
  const std::int64_t channels = x.size(1);
  const at::Tensor sums = BatchNormSums(x);
  const double own = static_cast<double>(x.numel() / channels);
  at::Tensor message = at::cat({at::full({1}, own, sums.options()), sums.flatten()});
  group.AllReduceSum(message);
  const at::Tensor count = message[0];
  const at::Tensor mean = message.narrow(0, 1, channels) / count;
  const at::Tensor square = message.narrow(0, 1 + channels, channels) / count;
  return {count, mean, (square - mean.square()).clamp_min(0)};
}

void Update(RunningStatistics& running, const Statistics& batch) {
  const at::Tensor unbiased = batch.variance * (batch.count / (batch.count - 1).clamp_min(1));
  const double keep = 1 - running.momentum;
  running.mean.copy_(running.mean.to(at::kDouble) * keep + batch.mean * running.momentum);
  running.variance.copy_(running.variance.to(at::kDouble) * keep + unbiased * running.momentum);
}

struct GlobalBatchNormFunction : torch::autograd::Function<GlobalBatchNormFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight,
                            const at::Tensor& bias, RunningStatistics* running, double eps,
                            Collective* group) {
    const at::Tensor x = DenseForBatchNorm(input, input.suggest_memory_format());
    const Statistics batch = OverAllRanks(x, *group);
    Update(*running, batch);
    const at::Tensor invstd = (batch.variance + eps).rsqrt();
    context->save_for_backward({x, weight, batch.mean, invstd, batch.count});
    context->saved_data["group"] = reinterpret_cast<std::int64_t>(group);
    return BatchNormApply(x, batch.mean, invstd, weight.to(at::kDouble), bias.to(at::kDouble));
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &mean = saved[2], &invstd = saved[3],
                     &count = saved[4];
    auto* group = reinterpret_cast<Collective*>(context->saved_data["group"].toInt());

    const at::Tensor dy = DenseForBatchNorm(gradients[0], x.suggest_memory_format());
    const at::Tensor own = BatchNormGradientSums(dy, x, mean, invstd);
    at::Tensor sums = own.clone();
    group->AllReduceSum(sums);
    const at::Tensor dx = BatchNormGradientApply(dy, x, mean, invstd, weight.to(at::kDouble), sums, count);
    const auto type = weight.scalar_type();
    return {dx, own[1].to(type), own[0].to(type), at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor GlobalBatchNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                           RunningStatistics& running, double eps, Collective& group) {
  return GlobalBatchNormFunction::apply(x, weight, bias, &running, eps, &group);
}

}  // namespace simclr::engine
