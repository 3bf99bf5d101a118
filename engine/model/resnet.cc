#include "engine/model/resnet.h"

#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/model/norm.h"

namespace simclr::engine {
namespace {

constexpr std::int64_t kExpansion = 4;

const std::map<std::string, ResNetShape>& KnownShapes() {
  static const auto& shapes = *new std::map<std::string, ResNetShape>{{"resnet18", {false, {2, 2, 2, 2}}},
                                                                      {"resnet34", {false, {3, 4, 6, 3}}},
                                                                      {"resnet50", {true, {3, 4, 6, 3}}},
                                                                      {"resnet101", {true, {3, 4, 23, 3}}},
                                                                      {"resnet152", {true, {3, 8, 36, 3}}}};
  return shapes;
}

// A convolution without bias and its norm.
class ConvNorm {
 public:
  struct Options {
    std::int64_t in = 0, out = 0, kernel = 1, stride = 1;
    double scale = 1;  // initial weight of the norm
  };
  // `conv` and `norm` are the full names: "layer1.0.conv1", "layer1.0.bn1".
  ConvNorm(std::string conv, std::string norm, const Options& options, NormKind kind,
           const WeightSource& weights, Collective& group)
      : conv_name_(std::move(conv)), norm_name_(std::move(norm)), options_(options) {
    const std::string name = conv_name_ + ".weight";
    weight_ = weights(name, {options.out, options.in, options.kernel, options.kernel}, Fan::kOut)
                  .contiguous(at::MemoryFormat::ChannelsLast)
                  .set_requires_grad(true);
    norm_ = MakeNorm(kind, {options.out, options.scale}, group);
  }

  at::Tensor Forward(const at::Tensor& x, bool training) {
    const at::Tensor y = at::conv2d(x, weight_, {}, options_.stride, options_.kernel / 2);
    return norm_->Forward(y, training);
  }

  void AppendState(ModuleState& state) const {
    state.push_back({conv_name_ + ".weight", weight_});
    norm_->AppendState(norm_name_ + ".", state);
  }

  at::ScalarType type() const { return weight_.scalar_type(); }

 private:
  const std::string conv_name_, norm_name_;
  const Options options_;
  at::Tensor weight_;
  std::unique_ptr<Norm> norm_;
};

// What every layer of one network shares.
struct Build {
  NormKind norm;
  double last_scale;  // of the last norm of a residual block
  const WeightSource& weights;
  Collective& group;

  ConvNorm Make(const std::string& prefix, int index, const ConvNorm::Options& options) const {
    return ConvNorm(absl::StrCat(prefix, "conv", index), absl::StrCat(prefix, "bn", index), options, norm,
                    weights, group);
  }
};

class ResidualBlock {
 public:
  ResidualBlock(const std::string& prefix, bool bottleneck, std::int64_t in, std::int64_t channels,
                std::int64_t stride, const Build& build) {
    const std::int64_t out = channels * (bottleneck ? kExpansion : 1);
    if (bottleneck) {
      steps_.push_back(build.Make(prefix, 1, {.in = in, .out = channels}));
      steps_.push_back(
          build.Make(prefix, 2, {.in = channels, .out = channels, .kernel = 3, .stride = stride}));
      steps_.push_back(build.Make(prefix, 3, {.in = channels, .out = out, .scale = build.last_scale}));
    } else {
      steps_.push_back(build.Make(prefix, 1, {.in = in, .out = channels, .kernel = 3, .stride = stride}));
      steps_.push_back(
          build.Make(prefix, 2, {.in = channels, .out = out, .kernel = 3, .scale = build.last_scale}));
    }
    if (stride != 1 || in != out) {
      shortcut_ = std::make_unique<ConvNorm>(prefix + "downsample.0", prefix + "downsample.1",
                                             ConvNorm::Options{.in = in, .out = out, .stride = stride},
                                             build.norm, build.weights, build.group);
    }
  }

  at::Tensor Forward(const at::Tensor& x, bool training) {
    at::Tensor y = x;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      y = steps_[i].Forward(y, training);
      if (i + 1 < steps_.size()) y.relu_();
    }
    return y.add_(shortcut_ ? shortcut_->Forward(x, training) : x).relu_();
  }

  void AppendState(ModuleState& state) const {
    for (const ConvNorm& step : steps_) step.AppendState(state);
    if (shortcut_) shortcut_->AppendState(state);
  }

 private:
  std::vector<ConvNorm> steps_;
  std::unique_ptr<ConvNorm> shortcut_;
};

}  // namespace

absl::StatusOr<ResNetShape> ResNetShapeOf(const std::string& encoder, double width) {
  const auto known = KnownShapes().find(encoder);
  if (known == KnownShapes().end()) {
    const auto name = [](std::string* out, const auto& entry) { out->append(entry.first); };
    return absl::InvalidArgumentError(absl::StrCat("model.encoder '", encoder, "' is unknown; take one of ",
                                                   absl::StrJoin(KnownShapes(), ", ", name)));
  }
  if (!(width >= 1.0 / 64 && width <= 16)) {
    return absl::InvalidArgumentError(
        absl::StrCat("model.width ", width, " is out of range; take one between 1/64 (one channel) and 16"));
  }
  ResNetShape shape = known->second;
  shape.base_channels = std::llround(64 * width);
  return shape;
}

class ResNet::Impl {
 public:
  Impl(const ResNetShape& shape, const ModelConfig& config, const WeightSource& weights, Collective& group)
      : shape_(shape), cifar_(config.stem == Stem::kCifar) {
    const Build build = {config.norm, config.zero_init_gamma ? 0.0 : 1.0, weights, group};
    const std::int64_t base = shape.base_channels;
    stem_ = std::make_unique<ConvNorm>(
        build.Make("", 1, {.in = 3, .out = base, .kernel = cifar_ ? 3 : 7, .stride = cifar_ ? 1 : 2}));
    std::int64_t in = base;
    for (std::size_t stage = 0; stage < shape.blocks.size(); ++stage) {
      const std::int64_t channels = base << stage;
      for (int i = 0; i < shape.blocks[stage]; ++i) {
        const std::int64_t stride = stage > 0 && i == 0 ? 2 : 1;
        blocks_.emplace_back(absl::StrCat("layer", stage + 1, ".", i, "."), shape.bottleneck, in, channels,
                             stride, build);
        in = channels * (shape.bottleneck ? kExpansion : 1);
      }
    }
  }

  at::Tensor Forward(const at::Tensor& images, bool training) {
    at::Tensor x = images.to(stem_->type()).contiguous(at::MemoryFormat::ChannelsLast);
    x = stem_->Forward(x, training).relu_();
    if (!cifar_) x = at::max_pool2d(x, /*kernel_size=*/3, /*stride=*/2, /*padding=*/1);
    for (ResidualBlock& block : blocks_) x = block.Forward(x, training);
    if (x.scalar_type() == at::kBFloat16) x = x.to(at::kFloat);
    return x.mean(at::IntArrayRef{2, 3});
  }

  void AppendState(ModuleState& state) const {
    stem_->AppendState(state);
    for (const ResidualBlock& block : blocks_) block.AppendState(state);
  }

  std::int64_t features() const { return shape_.features(); }

 private:
  const ResNetShape shape_;
  const bool cifar_;
  std::unique_ptr<ConvNorm> stem_;
  std::vector<ResidualBlock> blocks_;
};

ResNet::ResNet(const ResNetShape& shape, const ModelConfig& config, const WeightSource& weights,
               Collective& norm_group)
    : impl_(std::make_unique<Impl>(shape, config, weights, norm_group)) {}
ResNet::~ResNet() = default;

at::Tensor ResNet::Forward(const at::Tensor& images, bool training) {
  return impl_->Forward(images, training);
}
void ResNet::AppendState(ModuleState& state) const {
  impl_->AppendState(state);
}
std::int64_t ResNet::features() const {
  return impl_->features();
}

}  // namespace simclr::engine
