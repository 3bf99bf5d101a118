#include "engine/eval/linear_probe.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>
#include <vector>

#include "engine/base/random_key.h"

namespace simclr::engine {
namespace {

at::Tensor Order(std::int64_t n, std::uint64_t seed, int epoch) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  KeyedRandom random(
      {.seed = seed, .stream = Stream::kEpochOrder, .epoch = static_cast<std::uint32_t>(epoch)});
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[random.Below(static_cast<std::uint32_t>(i))]);
  }
  return at::tensor(order, at::kLong);
}

// v <- m v + g + wd w;  w <- w - lr (g + wd w + m v)
void NesterovUpdate(at::Tensor& weight, at::Tensor& momentum, at::Tensor gradient, double lr,
                    const LinearProbeOptions& options) {
  gradient.add_(weight, options.weight_decay);
  momentum.mul_(options.momentum).add_(gradient);
  weight.sub_(gradient.add_(momentum, options.momentum), lr);
}

}  // namespace

LinearProbe::LinearProbe(std::int64_t length, std::int64_t classes, at::ScalarType type,
                         const LinearProbeOptions& options)
    : options_(options),
      weight_(at::zeros({classes, length}, type)),
      weight_momentum_(at::zeros_like(weight_)),
      bias_(at::zeros({classes}, type)),
      bias_momentum_(at::zeros_like(bias_)) {}

double LinearProbe::TrainEpoch(const Features& features, int epoch) {
  const at::NoGradGuard no_grad;
  const std::int64_t n = features.values.size(0);
  const std::int64_t batch = std::min<std::int64_t>(options_.batch, n);
  const std::int64_t steps = (n + batch - 1) / batch;
  const at::Tensor order = Order(n, options_.seed, epoch);
  double loss_sum = 0;
  for (std::int64_t step = 0; step < steps; ++step) {
    const std::int64_t first = step * batch;
    const at::Tensor rows = order.slice(0, first, std::min(n, first + batch));
    const double progress =
        static_cast<double>(epoch * steps + step) / static_cast<double>(options_.epochs * steps);
    const double lr = options_.lr * 0.5 * (1 + std::cos(std::numbers::pi * progress));
    loss_sum += static_cast<double>(rows.size(0)) *
                Step(features.values.index_select(0, rows), features.labels.index_select(0, rows), lr);
  }
  return loss_sum / static_cast<double>(n);
}

at::Tensor LinearProbe::Logits(const at::Tensor& values) const {
  return at::addmm(bias_, values, weight_.t());
}

double LinearProbe::Step(const at::Tensor& values, const at::Tensor& labels, double lr) {
  const at::Tensor log_p = at::log_softmax(Logits(values), 1);
  const at::Tensor own = labels.unsqueeze(1);
  const double loss = -log_p.gather(1, own).mean().item<double>();
  // The gradient of the mean cross entropy with respect to the logits: (p - onehot) / n.
  at::Tensor error = log_p.exp();
  error.scatter_add_(1, own, at::full_like(own, -1, error.options()));
  error.div_(values.size(0));
  NesterovUpdate(weight_, weight_momentum_, at::mm(error.t(), values), lr, options_);
  NesterovUpdate(bias_, bias_momentum_, error.sum(0), lr, options_);
  return loss;
}

}  // namespace simclr::engine
