#include "engine/model/simclr_model.h"

#include <utility>

#include "common/base/status_macros.h"
#include "engine/base/torch_status.h"
#include "engine/model/module_state.h"
#include "engine/model/projection_head.h"
#include "engine/model/resnet.h"

namespace simclr::engine {
namespace {

NamedTensors Named(const ModuleState& state) {
  NamedTensors named;
  for (const StateEntry& entry : state) named.push_back({entry.name, entry.tensor});
  return named;
}

}  // namespace

class SimclrModel::Impl {
 public:
  Impl(const ResNetShape& shape, const ModelConfig& config, std::uint64_t seed, Collective* norm_group)
      : config_(config),
        local_group_(norm_group ? nullptr : MakeLocalCollective()),
        group_(norm_group ? *norm_group : *local_group_),
        encoder_(shape, config, HeNormal(seed), group_),
        head_(config.head, shape.features(), HeNormal(seed), group_) {}

  at::Tensor Encode(const at::Tensor& images) { return encoder_.Forward(images, training_); }

  ModelOutput Forward(const at::Tensor& images) {
    at::Tensor h = Encode(images);
    return {h, head_.Forward(h, training_)};
  }

  void SetTraining(bool training) { training_ = training; }

  // In place: whoever holds a tensor of the model keeps holding it.
  void To(const at::Device& device, at::ScalarType type) {
    const at::NoGradGuard no_grad;
    for (StateEntry& entry : State()) {
      const auto wanted = entry.tensor.is_floating_point() ? type : entry.tensor.scalar_type();
      entry.tensor.set_data(entry.tensor.to(device, wanted));
    }
  }

  ModuleState EncoderState() const {
    ModuleState state;
    encoder_.AppendState(state);
    return state;
  }

  ModuleState HeadState(const std::string& prefix) const {
    ModuleState state;
    head_.AppendState(prefix, state);
    return state;
  }

  ModuleState State() const {
    ModuleState state = EncoderState();
    head_.AppendState("head.", state);
    return state;
  }

  const ModelConfig& config() const { return config_; }
  int features() const { return static_cast<int>(encoder_.features()); }
  int outputs() const { return static_cast<int>(head_.outputs()); }

 private:
  const ModelConfig config_;
  const std::unique_ptr<Collective> local_group_;  // where the caller has none
  Collective& group_;
  ResNet encoder_;
  ProjectionHead head_;
  bool training_ = true;
};

absl::StatusOr<std::unique_ptr<SimclrModel>> SimclrModel::Create(const ModelConfig& config,
                                                                 std::uint64_t seed, Collective* norm_group) {
  SIMCLR_ASSIGN_OR_RETURN(const ResNetShape shape, ResNetShapeOf(config.encoder, config.width));
  if (config.norm == NormKind::kNone) {
    return absl::InvalidArgumentError(
        "model.norm is none; an encoder takes global-bn, local-bn or layer-norm");
  }
  SIMCLR_RETURN_IF_ERROR(CheckHead(config.head));
  std::unique_ptr<SimclrModel> model;
  SIMCLR_RETURN_IF_ERROR(CatchTorch("making the model", [&] {
    model.reset(new SimclrModel(std::make_unique<Impl>(shape, config, seed, norm_group)));
    return absl::OkStatus();
  }));
  return model;
}

SimclrModel::SimclrModel(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SimclrModel::~SimclrModel() = default;

ModelOutput SimclrModel::Forward(const at::Tensor& images) {
  return impl_->Forward(images);
}
at::Tensor SimclrModel::Encode(const at::Tensor& images) {
  return impl_->Encode(images);
}
void SimclrModel::SetTraining(bool training) {
  impl_->SetTraining(training);
}
void SimclrModel::To(const at::Device& device, at::ScalarType type) {
  impl_->To(device, type);
}

NamedTensors SimclrModel::Parameters() const {
  NamedTensors parameters;
  for (const StateEntry& entry : impl_->State()) {
    if (entry.trained) parameters.push_back({entry.name, entry.tensor});
  }
  return parameters;
}

NamedTensors SimclrModel::EncoderState() const {
  return Named(impl_->EncoderState());
}
NamedTensors SimclrModel::HeadState() const {
  return Named(impl_->HeadState(""));
}
NamedTensors SimclrModel::State() const {
  return Named(impl_->State());
}
int SimclrModel::features() const {
  return impl_->features();
}
int SimclrModel::outputs() const {
  return impl_->outputs();
}
const ModelConfig& SimclrModel::config() const {
  return impl_->config();
}

absl::StatusOr<int> EncoderFeatures(const std::string& encoder, double width) {
  SIMCLR_ASSIGN_OR_RETURN(const ResNetShape shape, ResNetShapeOf(encoder, width));
  return static_cast<int>(shape.features());
}

}  // namespace simclr::engine
