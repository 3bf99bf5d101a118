#include "engine/optim/momentum_optimizers.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"

namespace simclr::engine {

using Tensors = std::vector<at::Tensor>;

Tensors ParameterGroup::Gradients() const {
  Tensors gradients;
  gradients.reserve(weights.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    TORCH_CHECK(weights[i].grad().defined(), "parameter ", names[i], " has no gradient");
    gradients.push_back(weights[i].grad());
  }
  return gradients;
}

MomentumOptimizer::MomentumOptimizer(const MomentumOptions& options, const NamedTensors& parameters)
    : options_(options) {
  const at::NoGradGuard no_grad;
  std::map<bool, std::size_t> group_of;  // on a GPU, by exclusion
  for (const NamedTensor& parameter : parameters) {
    const bool excluded = options.exclude_one_dimensional && parameter.tensor.dim() <= 1;
    const auto known = group_of.find(excluded);
    if (parameter.tensor.is_cpu() || known == group_of.end()) {
      group_of[excluded] = groups_.size();
      groups_.emplace_back().excluded = excluded;
    }
    ParameterGroup& group = groups_[group_of[excluded]];
    const at::Tensor momentum = at::zeros_like(parameter.tensor);
    group.weights.push_back(parameter.tensor);
    group.momenta.push_back(momentum);
    group.names.push_back(parameter.name);
    state_.push_back({absl::StrCat("momentum.", parameter.name), momentum});
  }
}

void MomentumOptimizer::Step(double lr) {
  const at::NoGradGuard no_grad;
  for (ParameterGroup& group : groups_) {
    const double weight_decay = group.excluded ? 0 : options_.weight_decay;
    StepGroup(group, at::_foreach_add(group.Gradients(), group.weights, weight_decay), lr);
  }
}

NamedTensors MomentumOptimizer::State() const {
  return state_;
}

void Sgd::StepGroup(ParameterGroup& group, Tensors decayed, double lr) {
  at::_foreach_mul_(group.momenta, options_.momentum);
  at::_foreach_add_(group.momenta, decayed);
  if (options_.nesterov) {
    at::_foreach_add_(decayed, group.momenta, options_.momentum);
    at::_foreach_add_(group.weights, decayed, -lr);
  } else {
    at::_foreach_add_(group.weights, group.momenta, -lr);
  }
}

Lars::Lars(const LarsOptions& options, const NamedTensors& parameters)
    : MomentumOptimizer(options.base, parameters), trust_coefficient_(options.trust_coefficient) {}

// On the device throughout: reading a ratio would wait for the GPU once a parameter.
at::Tensor Lars::ComputeTrust(const ParameterGroup& group, const Tensors& decayed) const {
  const at::Tensor weights = at::stack(at::_foreach_norm(group.weights));
  const at::Tensor gradients = at::stack(at::_foreach_norm(decayed));
  return at::where((weights > 0).logical_and_(gradients > 0), trust_coefficient_ * weights / gradients,
                   at::ones_like(weights));
}

void Lars::StepGroup(ParameterGroup& group, Tensors decayed, double lr) {
  if (group.excluded) {
    at::_foreach_mul_(decayed, lr);
  } else {
    const at::Tensor trust = ComputeTrust(group, decayed);
    at::_foreach_mul_(decayed, (trust * lr).unbind());  // one pass for both factors
    for (std::size_t i = 0; i < group.names.size(); ++i) {
      trust_ratios_[group.names[i]] = trust[static_cast<std::int64_t>(i)];
    }
  }
  at::_foreach_mul_(group.momenta, options_.momentum);
  at::_foreach_add_(group.momenta, decayed);
  if (options_.nesterov) {
    at::_foreach_add_(decayed, group.momenta, options_.momentum);
    at::_foreach_sub_(group.weights, decayed);
  } else {
    at::_foreach_sub_(group.weights, group.momenta);
  }
}

std::unique_ptr<Optimizer> MakeOptimizer(const OptimizerConfig& config, const NamedTensors& parameters) {
  const MomentumOptions options{
      .momentum = config.momentum, .weight_decay = config.weight_decay, .nesterov = config.nesterov};
  if (config.kind == OptimizerKind::kSgd) return std::make_unique<Sgd>(options, parameters);
  return std::make_unique<Lars>(LarsOptions{.base = options}, parameters);
}

}  // namespace simclr::engine
