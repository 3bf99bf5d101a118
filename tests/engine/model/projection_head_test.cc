#include "engine/model/projection_head.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"

namespace simclr::engine {
namespace {

using ::testing::ElementsAre;

ProjectionHead Make(const HeadConfig& head, std::int64_t features, Collective& group) {
  return ProjectionHead(head, features, HeNormal(1), group);
}

std::int64_t Parameters(const HeadConfig& config, std::int64_t features) {
  const auto alone = MakeLocalCollective();
  const ProjectionHead head = Make(config, features, *alone);
  ModuleState state;
  head.AppendState("", state);
  std::int64_t count = 0;
  for (const StateEntry& entry : state) count += entry.trained ? entry.tensor.numel() : 0;
  return count;
}

// For h of 512 and 2048: two layers with biases and no norm, v1 (two layers) and v2 (three).
TEST(ProjectionHead, HasTheParametersOfThePublishedHeads) {
  HeadConfig biased;
  biased.bias = true;
  biased.norm = NormKind::kNone;
  EXPECT_EQ(Parameters(biased, 512), 328320);
  EXPECT_EQ(Parameters(biased, 2048), 4458624);
  HeadConfig v1, v2;
  v2.layers = 3;
  EXPECT_EQ(Parameters(v1, 512), 328832);
  EXPECT_EQ(Parameters(v1, 2048), 4460672);
  EXPECT_EQ(Parameters(v2, 512), 592000);
  EXPECT_EQ(Parameters(v2, 2048), 8659072);
  v1.last_norm = false;
  EXPECT_EQ(Parameters(v1, 512), 328832 - 128);
}

TEST(ProjectionHead, NamesItsTensorsByLayer) {
  const auto alone = MakeLocalCollective();
  HeadConfig config;
  config.hidden = 6;
  config.out = 4;
  const ProjectionHead head = Make(config, 8, *alone);
  ModuleState state;
  head.AppendState("head.", state);
  std::vector<std::string> names;
  for (const StateEntry& entry : state) names.push_back(entry.name);
  EXPECT_THAT(names, ElementsAre("head.layers.0.linear.weight", "head.layers.0.norm.weight",
                                 "head.layers.0.norm.bias", "head.layers.0.norm.running_mean",
                                 "head.layers.0.norm.running_var", "head.layers.0.norm.num_batches_tracked",
                                 "head.layers.1.linear.weight", "head.layers.1.norm.weight",
                                 "head.layers.1.norm.bias", "head.layers.1.norm.running_mean",
                                 "head.layers.1.norm.running_var", "head.layers.1.norm.num_batches_tracked"));
  EXPECT_THAT(state[0].tensor.sizes().vec(), ElementsAre(6, 8));
  EXPECT_THAT(state[6].tensor.sizes().vec(), ElementsAre(4, 6));
}

TEST(ProjectionHead, KeepsTheOffsetOfTheLastNormAtZero) {
  const auto alone = MakeLocalCollective();
  HeadConfig config;
  const ProjectionHead head = Make(config, 8, *alone);
  ModuleState state;
  head.AppendState("", state);
  for (const StateEntry& entry : state) {
    const bool last = entry.name == "layers.1.norm.bias";
    if (last || entry.name == "layers.0.norm.bias") {
      EXPECT_EQ(entry.trained, !last);
      EXPECT_TRUE(at::equal(entry.tensor, at::zeros_like(entry.tensor)));
    }
  }
}

TEST(ProjectionHead, OfKindNoneIsTheIdentity) {
  const auto alone = MakeLocalCollective();
  HeadConfig config;
  config.kind = HeadKind::kNone;
  ProjectionHead head = Make(config, 8, *alone);
  const at::Tensor h = at::arange(16, at::kFloat).view({2, 8});
  EXPECT_TRUE(at::equal(head.Forward(h, true), h));
  EXPECT_EQ(head.outputs(), 8);
}

TEST(ProjectionHead, OfKindLinearIsOneProduct) {
  const auto alone = MakeLocalCollective();
  HeadConfig config;
  config.kind = HeadKind::kLinear;
  config.norm = NormKind::kNone;
  config.out = 3;
  ProjectionHead head = Make(config, 8, *alone);
  ModuleState state;
  head.AppendState("", state);
  ASSERT_EQ(state.size(), 1);
  const at::Tensor h = at::arange(16, at::kFloat).view({2, 8});
  EXPECT_TRUE(at::allclose(head.Forward(h, true), at::mm(h, state[0].tensor.t())));
}

TEST(ProjectionHead, NormalisesOverFeaturesWithLayerNorm) {
  const auto alone = MakeLocalCollective();
  HeadConfig config;
  config.norm = NormKind::kLayerNorm;
  ProjectionHead head = Make(config, 8, *alone);
  const at::Tensor z = head.Forward(at::arange(16, at::kFloat).sin().view({2, 8}), true);
  EXPECT_TRUE(at::allclose(z.mean(1), at::zeros({2}), 0, 1e-5));
  EXPECT_TRUE(at::allclose(z.square().mean(1), at::ones({2}), 1e-3));
}

TEST(CheckHead, RefusesWhatDoesNotExist) {
  for (const HeadConfig& bad :
       {HeadConfig{.layers = 1}, HeadConfig{.layers = 4}, HeadConfig{.out = 0}, HeadConfig{.hidden = -1}}) {
    EXPECT_EQ(CheckHead(bad).code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_TRUE(CheckHead(HeadConfig{}).ok());
}

}  // namespace
}  // namespace simclr::engine
