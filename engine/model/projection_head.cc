#include "engine/model/projection_head.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace simclr::engine {

absl::Status CheckHead(const HeadConfig& head) {
  if (head.kind == HeadKind::kNone) return absl::OkStatus();
  if (head.out < 1) {
    return absl::InvalidArgumentError(absl::StrCat("model.head.out is ", head.out, "; take 1 or more"));
  }
  if (head.kind == HeadKind::kLinear) return absl::OkStatus();
  if (head.layers < 2 || head.layers > 3) {
    return absl::InvalidArgumentError(
        absl::StrCat("model.head.layers is ", head.layers, "; an mlp has 2 or 3 (kind: linear has one)"));
  }
  if (head.hidden < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("model.head.hidden is ", head.hidden, "; take 0 (width of h) or more"));
  }
  return absl::OkStatus();
}

ProjectionHead::ProjectionHead(const HeadConfig& head, std::int64_t features, const WeightSource& weights,
                               Collective& norm_group)
    : outputs_(head.kind == HeadKind::kNone ? features : head.out) {
  if (head.kind == HeadKind::kNone) return;
  const int count = head.kind == HeadKind::kLinear ? 1 : head.layers;
  const std::int64_t hidden = head.hidden > 0 ? head.hidden : features;
  std::int64_t in = features;
  for (int i = 0; i < count; ++i) {
    const bool last = i + 1 == count;
    const std::int64_t out = last ? outputs_ : hidden;
    Layer layer;
    layer.weight = weights(absl::StrCat("head.layers.", i, ".linear.weight"), {out, in}, Fan::kIn)
                       .set_requires_grad(true);
    if (head.bias) layer.bias = at::zeros({out}).set_requires_grad(true);
    const NormKind norm = last && !head.last_norm ? NormKind::kNone : head.norm;
    layer.norm = MakeNorm(norm, {.channels = out, .trained_offset = !last}, norm_group);
    layers_.push_back(std::move(layer));
    in = out;
  }
}

at::Tensor ProjectionHead::Forward(const at::Tensor& h, bool training) {
  at::Tensor x = h;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    x = at::linear(x, layers_[i].weight, layers_[i].bias);
    if (layers_[i].norm) x = layers_[i].norm->Forward(x, training);
    if (i + 1 < layers_.size()) x = at::relu(x);
  }
  return x.scalar_type() == at::kBFloat16 ? x.to(at::kFloat) : x;
}

void ProjectionHead::AppendState(const std::string& prefix, ModuleState& state) const {
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const std::string layer = absl::StrCat(prefix, "layers.", i, ".");
    state.push_back({layer + "linear.weight", layers_[i].weight});
    if (layers_[i].bias.defined()) state.push_back({layer + "linear.bias", layers_[i].bias});
    if (layers_[i].norm) layers_[i].norm->AppendState(layer + "norm.", state);
  }
}

}  // namespace simclr::engine
