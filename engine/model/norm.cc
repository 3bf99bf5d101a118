#include "engine/model/norm.h"

#include "engine/model/global_batch_norm.h"

namespace simclr::engine {
namespace {

constexpr double kEps = 1e-5;

struct ScaleAndOffset {
  explicit ScaleAndOffset(const NormOptions& options)
      : weight(at::full({options.channels}, options.scale).set_requires_grad(true)),
        bias(at::zeros({options.channels}).set_requires_grad(options.trained_offset)) {}

  void AppendState(const std::string& prefix, ModuleState& state) const {
    state.push_back({prefix + "weight", weight});
    state.push_back({prefix + "bias", bias, bias.requires_grad()});
  }

  at::Tensor weight;
  at::Tensor bias;
};

class BatchNorm final : public Norm {
 public:
  // Without a group: over the own batch.
  BatchNorm(const NormOptions& options, Collective* group)
      : affine_(options),
        running_{at::zeros({options.channels}), at::ones({options.channels})},
        batches_(at::zeros({}, at::kLong)),
        group_(group) {}

  at::Tensor Forward(const at::Tensor& x, bool training) override {
    if (training) batches_.add_(1);
    if (training && group_) {
      return GlobalBatchNorm(x, affine_.weight, affine_.bias, running_, kEps, *group_);
    }
    return at::batch_norm(x, affine_.weight, affine_.bias, running_.mean, running_.variance, training,
                          running_.momentum, kEps, /*cudnn_enabled=*/true);
  }

  void AppendState(const std::string& prefix, ModuleState& state) const override {
    affine_.AppendState(prefix, state);
    state.push_back({prefix + "running_mean", running_.mean, false});
    state.push_back({prefix + "running_var", running_.variance, false});
    state.push_back({prefix + "num_batches_tracked", batches_, false});
  }

 private:
  ScaleAndOffset affine_;
  RunningStatistics running_;
  at::Tensor batches_;
  Collective* const group_;
};

class LayerNorm final : public Norm {
 public:
  explicit LayerNorm(const NormOptions& options) : affine_(options) {}

  at::Tensor Forward(const at::Tensor& x, bool training) override {
    const at::Tensor wide = x.to(affine_.weight.scalar_type());
    return at::group_norm(wide, /*num_groups=*/1, affine_.weight, affine_.bias, kEps).to(x.scalar_type());
  }

  void AppendState(const std::string& prefix, ModuleState& state) const override {
    affine_.AppendState(prefix, state);
  }

 private:
  ScaleAndOffset affine_;
};

}  // namespace

std::unique_ptr<Norm> MakeNorm(NormKind kind, const NormOptions& options, Collective& group) {
  switch (kind) {
    case NormKind::kGlobalBn:
      return std::make_unique<BatchNorm>(options, &group);
    case NormKind::kLocalBn:
      return std::make_unique<BatchNorm>(options, nullptr);
    case NormKind::kLayerNorm:
      return std::make_unique<LayerNorm>(options);
    case NormKind::kNone:
      break;
  }
  return nullptr;
}

}  // namespace simclr::engine
